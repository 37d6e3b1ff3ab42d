import type { WebhookEvent } from '@tidings/client';

/*
 * In memory, so that the examples need no database; with the process everything is forgotten. A real receiver keeps the
 * events in its database: in a table whose primary key is the event's id, into which `store` inserts unless it is there,
 * and of which a worker handles what waits. Then nothing is lost that was answered with 204, and several processes agree
 * about what has come already.
 */
const KNOWN_IDS_MAX = 10_000;
const knownIds = new Set<string>();
const waiting: WebhookEvent[] = [];

/** Keeps an event for `handleStored`. One whose id has come before is dropped: deliveries can arrive more than once. */
export async function store(event: WebhookEvent): Promise<void> {
  if (knownIds.has(event.id)) {
    console.log(`dropped: ${event.id} has come before`);
    return;
  }
  const [oldestId] = knownIds;
  if (oldestId !== undefined && knownIds.size >= KNOWN_IDS_MAX) knownIds.delete(oldestId);
  knownIds.add(event.id);
  waiting.push(event);
}

/** Does the work of the events that wait, oldest first. Never rejects. */
export async function handleStored(): Promise<void> {
  for (let event = waiting.shift(); event; event = waiting.shift()) {
    try {
      await handle(event);
    } catch (error) {
      // Tidings has its 204 and does not send it again. A real worker leaves the row, and tries again later.
      console.error(`${event.id} was not handled:`, error);
    }
  }
}

/** The work: here goes yours. `event.event` tells the types apart; the payload is what your platform has published. */
async function handle(event: WebhookEvent): Promise<void> {
  switch (event.event) {
    case 'integrated_account:created':
      console.log(`${event.id} of ${event.created_at}: a new account of`, event.payload['tenant_id']);
      break;
    case 'record:deleted':
      console.log(`${event.id} of ${event.created_at}: gone is record`, event.payload['id']);
      break;
    // The others are of no use here. New types may be added to Tidings: let them pass, too.
    default:
  }
}

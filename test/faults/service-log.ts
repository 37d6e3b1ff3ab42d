import type { Delivery, DeliveryStatus, Page } from '../support/client.js';
import { send } from '../support/client.js';
import { openSockets, residentBytes } from '../support/proc.js';
import type { LoggedAttempt, LoggedDelivery, Resources } from './evidence.js';
import type { Store } from './store.js';

/* What Tidings says of itself: by its API, by its tables, and by what its processes hold. */

/** A request that has to be answered with this status. */
export async function ask<Answer>(
  url: string,
  token: string,
  [method, path, body]: [method: string, path: string, body?: object],
  status: number,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const reply = await send(url, method, path, { headers, ...(body ? { body } : {}) });
  if (reply.status !== status) throw new Error(`${method} ${path} answered ${reply.status}: ${reply.text}`);
  return JSON.parse(reply.text) as Answer;
}

export async function readDeliveries(url: string, token: string): Promise<LoggedDelivery[]> {
  const deliveries: Delivery[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Page<Delivery> = await ask(url, token, ['GET', `/delivery?limit=1000&next_cursor=${cursor}`], 200);
    deliveries.push(...page.result);
    cursor = page.next_cursor;
  }
  return deliveries.map((delivery) => ({
    id: delivery.id,
    eventId: delivery.event_id,
    webhookId: delivery.webhook_id,
    status: delivery.status,
    cancelReason: delivery.cancel_reason,
  }));
}

export async function hasDeliveries(url: string, token: string, status: DeliveryStatus): Promise<boolean> {
  const page: Page<Delivery> = await ask(url, token, ['GET', `/delivery?limit=1&status=${status}`], 200);
  return page.result.length > 0;
}

/** From the tables: over the API it would take a request for each delivery. The attempt that ended one is in its row. */
export function readAttempts({ query }: Store): Promise<LoggedAttempt[]> {
  return query<LoggedAttempt>(
    `SELECT delivery_id AS "deliveryId", number, error, response_status AS status,
       request_headers::json AS "requestHeaders"
     FROM attempt
     UNION ALL
     SELECT id, number, error, response_status, request_headers::json FROM delivery WHERE number IS NOT NULL`,
  );
}

export async function countQueueRows({ query }: Store): Promise<number> {
  const [row] = await query<{ count: number }>('SELECT count(*)::int AS count FROM delivery_queue');
  return row!.count;
}

/**
 * The longest, in milliseconds, that a lease has outlived its own end or its replica: since another one took that for dead,
 * or, at the latest, 10 s after its last sign of life.
 */
export async function findMostOverdueMs({ query }: Store): Promise<number> {
  const [row] = await query<{ ms: number }>(
    `SELECT coalesce(max(extract(epoch FROM
       now() - least(q.leased_until, r.seen_at + interval '10 seconds', r.died_at)
     )) * 1000, 0)::float8 AS ms
     FROM delivery_queue q LEFT JOIN replica r ON r.id = q.leased_by
     WHERE q.lease IS NOT NULL`,
  );
  return row!.ms;
}

export async function measureResources(pids: readonly number[], store: Store): Promise<Resources> {
  return {
    memoryBytes: pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    sockets: pids.reduce((sum, pid) => sum + openSockets(pid), 0),
    databaseSessions: store.engine === 'embedded' ? null : await countSessions(store),
  };
}

async function countSessions({ query }: Store): Promise<number> {
  const [row] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  return row!.count;
}

import { createHash, createHmac } from 'node:crypto';
import type { Evidence, Hook, LoggedAttempt, LoggedDelivery } from './evidence.js';
import type { Intent, Outcome, Receipt } from './ledger.js';
import { planRequest, type PlannedRequest } from './traffic.js';

const STARTED_AT = Date.UTC(2026, 0, 1);
const REQUEST_EVERY_MS = 10;
const PROCESS = 'x-replica-1-1';
const PLAN = { seed: 7, batchShare: 1 / 6, batchSize: { min: 2, max: 4 } };
const RESOURCES = { memoryBytes: 150_000_000, sockets: 20, databaseSessions: 10 };

const HOOKS: readonly Hook[] = [
  { path: '/all', eventTypes: null },
  { path: '/some', eventTypes: ['record:created'] },
].map(({ path, eventTypes }) => ({
  webhookId: `webhook${path}`,
  environmentId: 'environment',
  path,
  secret: `secret${path}`,
  eventTypes,
  isHealthy: true,
}));

/** What is left of a run in which everything went well: every event acknowledged, received once and logged. */
export function soundEvidence(requests: number): Evidence {
  const planned = Array.from({ length: requests }, (_, number) => planRequest(PLAN, number));
  const deliveries = planned.flatMap(deliveriesOf);
  const receipts = deliveries.map(({ receipt }) => receipt);
  return {
    producer: planned.flatMap((request) => [intentOf(request), outcomeOf(request)]),
    firstMeasuredRequest: 0,
    receipts,
    hooks: [...HOOKS],
    deliveries: deliveries.map(({ delivery }) => delivery),
    attempts: deliveries.map(({ attempt }) => attempt),
    faults: [],
    queueRows: 0,
    mostOverdueMs: 0,
    resources: { before: RESOURCES, after: RESOURCES },
  };
}

/** The same request once more, from a process of another name and a second later, with its attempt. */
export function repeatedBy(
  process: string,
  { receipt, attempt }: { receipt: Receipt; attempt: LoggedAttempt },
): { receipt: Receipt; attempt: LoggedAttempt } {
  const hook = HOOKS.find(({ path }) => path === receipt.hook)!;
  const headers = signed(process, receipt.headers['webhook-id']!, receipt.body, hook.secret, receipt.at + 1000);
  return {
    receipt: { ...receipt, at: receipt.at + 1000, headers },
    attempt: { ...attempt, number: attempt.number + 1, requestHeaders: headers },
  };
}

function intentOf({ number, key, events }: PlannedRequest): Intent {
  return { kind: 'intent', request: number, at: sentAt(number), hasKey: key !== null, events };
}

function outcomeOf({ number, events }: PlannedRequest): Outcome {
  return {
    kind: 'outcome',
    request: number,
    result: 'accepted',
    at: sentAt(number) + 3,
    unclearTries: 0,
    status: 202,
    eventIds: events.map(({ ref }) => `event-${ref}`),
  };
}

function deliveriesOf({
  number,
  events,
}: PlannedRequest): { delivery: LoggedDelivery; attempt: LoggedAttempt; receipt: Receipt }[] {
  return events.flatMap(({ ref, eventType, payload }) =>
    HOOKS.filter(({ eventTypes }) => eventTypes?.includes(eventType) ?? true).map((hook) => {
      const id = `delivery-${ref}-${hook.path}`;
      const eventId = `event-${ref}`;
      const body =
        `{"id":"${eventId}","event":"${eventType}","payload":${payload},"environment_id":"${hook.environmentId}",` +
        `"created_at":"2026-01-01T00:00:00.000Z","webhook_id":"${hook.webhookId}"}`;
      const at = sentAt(number) + 5;
      const headers = signed(PROCESS, eventId, body, hook.secret, at);
      const bodySha256 = createHash('sha256').update(body).digest('hex');
      return {
        delivery: { id, eventId, webhookId: hook.webhookId, status: 'succeeded' as const, cancelReason: null },
        attempt: { deliveryId: id, number: 1, error: null, status: 200, requestHeaders: headers },
        receipt: { at, hook: hook.path, headers, body, bodySha256, answer: 200 },
      };
    }),
  );
}

function signed(process: string, id: string, body: string, secret: string, at: number): Record<string, string> {
  const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('base64');
  const timestamp = String(Math.floor(at / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${hmac(`${id}.${timestamp}.${body}`)}`,
    [process]: `format=sha256,v=${hmac(body)}`,
  };
}

function sentAt(request: number): number {
  return STARTED_AT + request * REQUEST_EVERY_MS;
}

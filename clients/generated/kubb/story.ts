import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import { setConfig } from './client/.kubb/fetch.js';
import {
  type Attempt,
  createWebhook,
  type CreateWebhook,
  deleteWebhook,
  type Delivery,
  type ErrorDetails,
  type ErrorResponse,
  type EventType,
  getDelivery,
  getEvent,
  getWebhook,
  listDeliveries,
  listWebhooks,
  publishEvent,
  publishEventBatch,
  type RecordCreatedEnvelope,
  type Recover,
  recoverWebhook,
  updateWebhook,
  type WebhookPage,
  type WebhookTest,
} from './client/index.js';

expectTypes<{
  eventType: EventType;
  requiredOfWebhook: RequiredOf<CreateWebhook>;
  requiredOfRecover: RequiredOf<Recover>;
  requiredOfTest: RequiredOf<WebhookTest>;
  status: Delivery['status'];
  cancelReason: Delivery['cancel_reason'];
  completedAt: Delivery['completed_at'];
  nextCursor: WebhookPage['next_cursor'];
  outcome: Attempt['outcome'];
  attemptError: Attempt['error'];
  errorCode: ErrorResponse['code'];
  deliveryEventType: Delivery['event_type'];
  fieldFailure: NonNullable<ErrorDetails['failures']>[number];
  detailedStatus: Exclude<ErrorDetails['status'], undefined>;
  sentEvent: RecordCreatedEnvelope['event'];
}>({
  eventType: true,
  requiredOfWebhook: true,
  requiredOfRecover: true,
  requiredOfTest: true,
  status: true,
  cancelReason: true,
  completedAt: true,
  nextCursor: true,
  outcome: true,
  attemptError: true,
  errorCode: true,
  deliveryEventType: true,
  fieldFailure: true,
  detailedStatus: true,
  sentEvent: true,
});

setConfig({
  baseURL: serviceUrl,
  // The generated functions do not say that a body is JSON.
  headers: { Authorization: `Bearer ${apiToken}`, 'Content-Type': 'application/json' },
});

/** What was answered, where it is no error: the types know of none. */
function answered<T>({ data, status }: { data: T; status: number }): T {
  if (status >= 400) throw new Error(JSON.stringify(data));
  return data;
}

const body: CreateWebhook = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const created = await createWebhook(body, {}, { 'Idempotency-Key': 'story' });
const webhook = answered(created);
const repeated = answered(await createWebhook(body, {}, { 'Idempotency-Key': 'story' }));
const other = answered(await createWebhook({ target_url: `${targetUrl}-other`, event_types: ['record:deleted'] }));
answered(await createWebhook({ target_url: targetUrl, is_active: false }));

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const page: WebhookPage = answered(await listWebhooks({ is_active: true, limit: 1, next_cursor: cursor }));
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = answered(await publishEvent({ event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } }));
const batch = answered(
  await publishEventBatch({
    events: [
      { event_type: 'record:created', payload: { n: 1 }, idempotency_key: 'first' },
      { event_type: 'record:updated', payload: { n: 2 } },
      { event_type: 'batch_job:completed', payload: { n: 3 } },
    ],
  }),
);

const deliveries = await until('three deliveries to succeed', async () => {
  const { result } = answered(await listDeliveries({ webhook_id: webhook.id, status: ['succeeded'] }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = answered(await getDelivery(deliveries[0]!.id));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = answered(await getEvent(event.id));

const missing = await getWebhook(NO_WEBHOOK);
const invalid = await createWebhook({ target_url: 'ftp://example.com' });
const notFound = missing.data as unknown as ErrorResponse;
const refusal = invalid.data as unknown as ErrorResponse;

const since = webhook.created_at;
const counted = answered(await recoverWebhook(webhook.id, { since, statuses: ['succeeded'], dry_run: true }));
const recovery = answered(await recoverWebhook(webhook.id, { since }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = answered(await updateWebhook(other.id, { is_active: false, event_types: null }));
const deleted = answered(await deleteWebhook(other.id));

tell({
  created: {
    status: created.status,
    location: created.headers.get('Location'),
    id: webhook.id,
    repeatedId: repeated.id,
  },
  pages,
  published: [event, ...batch.result].map(({ id }) => id),
  deliveries: deliveries.map((one) => ({
    eventId: one.event_id,
    eventType: one.event_type,
    status: one.status,
    attempts: one.attempt_count,
  })),
  attempt: {
    number: attempt.number,
    outcome: attempt.outcome,
    error: attempt.error,
    url: attempt.request.url,
    status: attempt.response.status,
    body: attempt.response.body,
  },
  event: { payload: detail.payload, succeeded: detail.deliveries.succeeded },
  notFound: { status: missing.status, code: notFound.code },
  invalid: {
    status: invalid.status,
    code: refusal.code,
    fields: refusal.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

import { expectTypes, NO_WEBHOOK, type RequiredOf, targetUrl, tell, until } from '../summary.js';
import {
  type ErrorResponse,
  type Attempt,
  createWebhook,
  type CreateWebhook,
  deleteWebhook,
  type Delivery,
  DeliveryStatus,
  type ErrorDetails,
  EventType,
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
} from './client/tidings.js';

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

const event_types = [EventType.RecordCreated, EventType.RecordUpdated];
const created = await createWebhook({ target_url: targetUrl, event_types }, {}, { 'Idempotency-Key': 'story' });
const repeated = await createWebhook({ target_url: targetUrl, event_types }, {}, { 'Idempotency-Key': 'story' });
const other = await createWebhook({ target_url: `${targetUrl}-other`, event_types: ['record:deleted'] });
const inactive = await createWebhook({ target_url: targetUrl, is_active: false });
if (created.status !== 201 || repeated.status !== 201 || other.status !== 201 || inactive.status !== 201)
  throw unexpected(created, repeated, other, inactive);
const webhook = created.data;

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const page = await listWebhooks({ is_active: true, limit: 1, next_cursor: cursor });
  if (page.status !== 200) throw unexpected(page);
  pages.push(page.data.result.map(({ id }) => id));
  cursor = page.data.next_cursor;
}

const event = await publishEvent({ event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } });
const batch = await publishEventBatch({
  events: [
    { event_type: 'record:created', payload: { n: 1 }, idempotency_key: 'first' },
    { event_type: 'record:updated', payload: { n: 2 } },
    { event_type: 'batch_job:completed', payload: { n: 3 } },
  ],
});
if (event.status !== 202 || batch.status !== 202) throw unexpected(event, batch);

const deliveries = await until('three deliveries to succeed', async () => {
  const page = await listDeliveries({ webhook_id: webhook.id, status: [DeliveryStatus.succeeded] });
  if (page.status !== 200) throw unexpected(page);
  return page.data.result.length === 3 ? page.data.result.toReversed() : null;
});
const delivery = await getDelivery(deliveries[0]!.id);
const detail = await getEvent(event.data.id);
if (delivery.status !== 200 || detail.status !== 200) throw unexpected(delivery, detail);
const attempt = delivery.data.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');

const missing = await getWebhook(NO_WEBHOOK);
const invalid = await createWebhook({ target_url: 'ftp://example.com' });
if (missing.status !== 404 || invalid.status !== 400) throw unexpected(missing, invalid);

const since = webhook.created_at;
const counted = await recoverWebhook(webhook.id, { since, statuses: ['succeeded'], dry_run: true });
const recovery = await recoverWebhook(webhook.id, { since });
if (counted.status !== 200 || recovery.status !== 202) throw unexpected(counted, recovery);
// One schema has both answers.
if (!('status' in recovery.data)) throw unexpected(recovery);

const updated = await updateWebhook(other.data.id, { is_active: false, event_types: null });
const deleted = await deleteWebhook(other.data.id);
if (updated.status !== 200 || deleted.status !== 200) throw unexpected(updated, deleted);

function unexpected(...answers: object[]): Error {
  return new Error(JSON.stringify(answers));
}

tell({
  created: {
    status: created.status,
    location: created.headers.get('Location'),
    id: webhook.id,
    repeatedId: repeated.data.id,
  },
  pages,
  published: [event.data, ...batch.data.result].map(({ id }) => id),
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
  event: { payload: detail.data.payload, succeeded: detail.data.deliveries.succeeded },
  notFound: { status: missing.status, code: missing.data.code },
  invalid: {
    status: invalid.status,
    code: invalid.data.code,
    fields: invalid.data.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.data.queued, webhookId: recovery.data.webhook_id, status: recovery.data.status },
  updated: { isActive: updated.data.is_active, eventTypes: updated.data.event_types.length },
  deletedId: deleted.data.id,
});

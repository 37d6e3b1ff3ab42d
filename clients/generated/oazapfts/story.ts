import { ok } from '@oazapfts/runtime';
import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import {
  type ErrorResponse,
  type Attempt,
  createWebhook,
  type CreateWebhook,
  defaults,
  deleteWebhook,
  type Delivery,
  type ErrorDetails,
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

defaults.baseUrl = serviceUrl;
defaults.headers = { Authorization: `Bearer ${apiToken}` };

const body: CreateWebhook = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const created = await createWebhook(body, { idempotencyKey: 'story' });
// Not narrowed by its status: that of the `default` answer is any number.
if (created.status !== 201 || !('secret' in created.data)) throw new Error(JSON.stringify(created));
const webhook = created.data;
const repeated = await ok(createWebhook(body, { idempotencyKey: 'story' }));
const other = await ok(createWebhook({ target_url: `${targetUrl}-other`, event_types: ['record:deleted'] }));
await ok(createWebhook({ target_url: targetUrl, is_active: false }));

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const page: WebhookPage = await ok(listWebhooks({ isActive: true, limit: 1, nextCursor: cursor }));
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = await ok(publishEvent({ event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } }));
const batch = await ok(
  publishEventBatch({
    events: [
      { event_type: 'record:created', payload: { n: 1 }, idempotency_key: 'first' },
      { event_type: 'record:updated', payload: { n: 2 } },
      { event_type: 'batch_job:completed', payload: { n: 3 } },
    ],
  }),
);

const deliveries = await until('three deliveries to succeed', async () => {
  const { result } = await ok(listDeliveries({ webhookId: webhook.id, status: ['succeeded'] }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = await ok(getDelivery(deliveries[0]!.id));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = await ok(getEvent(event.id));

const missing = await getWebhook(NO_WEBHOOK);
const invalid = await createWebhook({ target_url: 'ftp://example.com' });
if (!('code' in missing.data) || !('code' in invalid.data)) throw new Error('no error where there has to be one');

const since = webhook.created_at;
const counted = await ok(recoverWebhook(webhook.id, { since, statuses: ['succeeded'], dry_run: true }));
const recovery = await ok(recoverWebhook(webhook.id, { since }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = await ok(updateWebhook(other.id, { is_active: false, event_types: null }));
const deleted = await ok(deleteWebhook(other.id));

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
  notFound: { status: missing.status, code: missing.data.code },
  invalid: {
    status: invalid.status,
    code: invalid.data.code,
    fields: invalid.data.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import {
  Api,
  type ErrorResponse,
  type Attempt,
  type CreateWebhook,
  type Delivery,
  DeliveryStatus,
  type ErrorDetails,
  EventType,
  type HttpResponse,
  type RecordCreatedEnvelope,
  type Recover,
  RecoverableStatus,
  type WebhookPage,
  type WebhookTest,
} from './client/tidings.js';

// The types of enums are enums here; what is compared are their values.
expectTypes<{
  eventType: `${EventType}`;
  requiredOfWebhook: RequiredOf<CreateWebhook>;
  requiredOfRecover: RequiredOf<Recover>;
  requiredOfTest: RequiredOf<WebhookTest>;
  status: `${Delivery['status']}`;
  cancelReason: Delivery['cancel_reason'];
  completedAt: Delivery['completed_at'];
  nextCursor: WebhookPage['next_cursor'];
  outcome: `${Attempt['outcome']}`;
  attemptError: Attempt['error'];
  errorCode: ErrorResponse['code'];
  deliveryEventType: Delivery['event_type'];
  fieldFailure: NonNullable<ErrorDetails['failures']>[number];
  detailedStatus: Exclude<ErrorDetails['status'], undefined>;
  sentEvent: `${RecordCreatedEnvelope['event']}`;
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

const api = new Api({
  baseUrl: serviceUrl,
  baseApiParams: { secure: true },
  securityWorker: () => ({ headers: { Authorization: `Bearer ${apiToken}` } }),
});

/** The generated functions throw what was answered with an error. */
async function errorOf(request: Promise<unknown>): Promise<HttpResponse<unknown, ErrorResponse>> {
  try {
    await request;
  } catch (response) {
    return response as HttpResponse<unknown, ErrorResponse>;
  }
  throw new Error('no error where there has to be one');
}

// Headers of the operation have no parameter.
const keyed = { headers: { 'Idempotency-Key': 'story' } };
const body: CreateWebhook = {
  target_url: targetUrl,
  event_types: [EventType.RecordCreated, EventType.RecordUpdated],
};
const created = await api.webhook.createWebhook(body, {}, keyed);
const webhook = created.data;
const { data: repeated } = await api.webhook.createWebhook(body, {}, keyed);
const { data: other } = await api.webhook.createWebhook({
  target_url: `${targetUrl}-other`,
  event_types: [EventType.RecordDeleted],
});
await api.webhook.createWebhook({ target_url: targetUrl, is_active: false });

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const { data: page }: HttpResponse<WebhookPage> = await api.webhook.listWebhooks({
    is_active: true,
    limit: 1,
    next_cursor: cursor,
  });
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const { data: event } = await api.event.publishEvent({
  event_type: EventType.RecordCreated,
  payload: { id: '1042', tags: ['a', 'b'] },
});
const { data: batch } = await api.event.publishEventBatch({
  events: [
    { event_type: EventType.RecordCreated, payload: { n: 1 }, idempotency_key: 'first' },
    { event_type: EventType.RecordUpdated, payload: { n: 2 } },
    { event_type: EventType.BatchJobCompleted, payload: { n: 3 } },
  ],
});

const deliveries = await until('three deliveries to succeed', async () => {
  const query = { webhook_id: webhook.id, status: [DeliveryStatus.Succeeded] };
  const { result } = (await api.delivery.listDeliveries(query)).data;
  return result.length === 3 ? result.toReversed() : null;
});
const { data: delivery } = await api.delivery.getDelivery(deliveries[0]!.id);
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const { data: detail } = await api.event.getEvent(event.id);

const missing = await errorOf(api.webhook.getWebhook(NO_WEBHOOK));
const invalid = await errorOf(api.webhook.createWebhook({ target_url: 'ftp://example.com' }));

const since = webhook.created_at;
const { data: counted } = await api.webhook.recoverWebhook(webhook.id, {
  since,
  statuses: [RecoverableStatus.Succeeded],
  dry_run: true,
});
const { data: recovery } = await api.webhook.recoverWebhook(webhook.id, { since });
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const { data: updated } = await api.webhook.updateWebhook(other.id, { is_active: false, event_types: null });
const { data: deleted } = await api.webhook.deleteWebhook(other.id);

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
  notFound: { status: missing.status, code: missing.error.code },
  invalid: {
    status: invalid.status,
    code: invalid.error.code,
    fields: invalid.error.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

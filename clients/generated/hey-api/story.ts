import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import { client } from './client/client.gen.js';
import {
  type ErrorResponse,
  type Attempt,
  createWebhook,
  type CreateWebhook,
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

client.setConfig({ baseUrl: serviceUrl, auth: apiToken });

/** What was answered, where it is no error. */
function answered<T>({ data, error }: { data: T; error?: ErrorResponse | undefined }): NonNullable<T> {
  if (data === undefined || data === null) throw new Error(JSON.stringify(error));
  return data;
}

const body: CreateWebhook = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const headers = { 'Idempotency-Key': 'story' };
const created = await createWebhook({ body, headers });
const webhook = answered(created);
const repeated = answered(await createWebhook({ body, headers }));
const other = answered(
  await createWebhook({ body: { target_url: `${targetUrl}-other`, event_types: ['record:deleted'] } }),
);
answered(await createWebhook({ body: { target_url: targetUrl, is_active: false } }));

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const page: WebhookPage = answered(await listWebhooks({ query: { is_active: true, limit: 1, next_cursor: cursor } }));
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = answered(
  await publishEvent({ body: { event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } } }),
);
const batch = answered(
  await publishEventBatch({
    body: {
      events: [
        { event_type: 'record:created', payload: { n: 1 }, idempotency_key: 'first' },
        { event_type: 'record:updated', payload: { n: 2 } },
        { event_type: 'batch_job:completed', payload: { n: 3 } },
      ],
    },
  }),
);

const deliveries = await until('three deliveries to succeed', async () => {
  const { result } = answered(await listDeliveries({ query: { webhook_id: webhook.id, status: ['succeeded'] } }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = answered(await getDelivery({ path: { id: deliveries[0]!.id } }));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = answered(await getEvent({ path: { id: event.id } }));

const missing = await getWebhook({ path: { id: NO_WEBHOOK } });
const invalid = await createWebhook({ body: { target_url: 'ftp://example.com' } });
if (!missing.error || !invalid.error) throw new Error('no error where there has to be one');

const path = { id: webhook.id };
const since = webhook.created_at;
const counted = answered(await recoverWebhook({ path, body: { since, statuses: ['succeeded'], dry_run: true } }));
const recovery = answered(await recoverWebhook({ path, body: { since } }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = answered(
  await updateWebhook({ path: { id: other.id }, body: { is_active: false, event_types: null } }),
);
const deleted = answered(await deleteWebhook({ path: { id: other.id } }));

tell({
  created: {
    status: created.response.status,
    location: created.response.headers.get('Location'),
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
  notFound: { status: missing.response.status, code: missing.error.code },
  invalid: {
    status: invalid.response.status,
    code: invalid.error.code,
    fields: invalid.error.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

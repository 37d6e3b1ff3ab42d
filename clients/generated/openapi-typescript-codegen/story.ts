import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import {
  ApiError,
  type Attempt,
  type CreateWebhook,
  DeliveriesService,
  type Delivery,
  type ErrorResponse,
  EventsService,
  type EventType,
  OpenAPI,
  type Recover,
  type WebhookPage,
  WebhooksService,
  type WebhookTest,
} from './client/index.js';

// An error's details have no type here, and the form in OpenAPI 3.0 says nothing of what webhooks are sent.
expectTypes<
  {
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
  },
  'fieldFailure' | 'detailedStatus' | 'sentEvent'
>({
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
});

OpenAPI.BASE = serviceUrl;
OpenAPI.TOKEN = apiToken;

// The generated functions give the body alone; what else was answered, only who sends can tell.
const answers: Response[] = [];
const { fetch } = globalThis;
globalThis.fetch = async (...request) => {
  const response = await fetch(...request);
  answers.push(response);
  return response;
};

/** The types say that an error may be answered, too, because of `default`; it never is. */
function answered<T>(answer: T): Exclude<T, ErrorResponse> {
  return answer as Exclude<T, ErrorResponse>;
}

/** The generated functions throw what was answered with an error; its body has no type. */
async function errorOf(request: Promise<unknown>): Promise<{ status: number; body: ErrorResponse }> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, body: error.body as ErrorResponse };
    throw error;
  }
  throw new Error('no error where there has to be one');
}

const body: CreateWebhook = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const webhook = answered(await WebhooksService.createWebhook({ requestBody: body, idempotencyKey: 'story' }));
const [created] = answers;
const repeated = answered(await WebhooksService.createWebhook({ requestBody: body, idempotencyKey: 'story' }));
const other = answered(
  await WebhooksService.createWebhook({
    requestBody: { target_url: `${targetUrl}-other`, event_types: ['record:deleted'] },
  }),
);
await WebhooksService.createWebhook({ requestBody: { target_url: targetUrl, is_active: false } });

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const query = { isActive: true, limit: 1, nextCursor: cursor };
  const page: WebhookPage = answered(await WebhooksService.listWebhooks(query));
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = answered(
  await EventsService.publishEvent({
    requestBody: { event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } },
  }),
);
const batch = answered(
  await EventsService.publishEventBatch({
    requestBody: {
      events: [
        { event_type: 'record:created', payload: { n: 1 }, idempotency_key: 'first' },
        { event_type: 'record:updated', payload: { n: 2 } },
        { event_type: 'batch_job:completed', payload: { n: 3 } },
      ],
    },
  }),
);

const deliveries = await until('three deliveries to succeed', async () => {
  const { result } = answered(await DeliveriesService.listDeliveries({ webhookId: webhook.id, status: ['succeeded'] }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = answered(await DeliveriesService.getDelivery({ id: deliveries[0]!.id }));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = answered(await EventsService.getEvent({ id: event.id }));

const missing = await errorOf(WebhooksService.getWebhook({ id: NO_WEBHOOK }));
const invalid = await errorOf(WebhooksService.createWebhook({ requestBody: { target_url: 'ftp://example.com' } }));

const { id } = webhook;
const since = webhook.created_at;
const counted = answered(
  await WebhooksService.recoverWebhook({ id, requestBody: { since, statuses: ['succeeded'], dry_run: true } }),
);
const recovery = answered(await WebhooksService.recoverWebhook({ id, requestBody: { since } }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = answered(
  await WebhooksService.updateWebhook({ id: other.id, requestBody: { is_active: false, event_types: null } }),
);
const deleted = answered(await WebhooksService.deleteWebhook({ id: other.id }));

tell({
  created: {
    status: created!.status,
    location: created!.headers.get('Location'),
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
  notFound: { status: missing.status, code: missing.body.code },
  invalid: {
    status: invalid.status,
    code: invalid.body.code,
    fields: invalid.body.details?.['failures']?.map(({ field }: { field: string }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

// First: it brings the compiler that Angular's packages ask for when they are loaded.
import { http } from './http.js';
import { HttpErrorResponse } from '@angular/common/http';
import { firstValueFrom, type Observable } from 'rxjs';
import { expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
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

/** The body of an answer that is no error. */
async function bodyOf<T>(answer: Observable<{ body: T }>): Promise<T> {
  return (await firstValueFrom(answer)).body;
}

/** Angular throws what was answered with an error; its body has no type. */
async function errorOf(answer: Observable<unknown>): Promise<{ status: number; body: ErrorResponse }> {
  try {
    await firstValueFrom(answer);
  } catch (error) {
    if (error instanceof HttpErrorResponse) return { status: error.status, body: error.error as ErrorResponse };
    throw error;
  }
  throw new Error('no error where there has to be one');
}

const body: CreateWebhook = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const created = await firstValueFrom(createWebhook(http, serviceUrl, { body, 'Idempotency-Key': 'story' }));
const webhook = created.body;
const repeated = await bodyOf(createWebhook(http, serviceUrl, { body, 'Idempotency-Key': 'story' }));
const other = await bodyOf(
  createWebhook(http, serviceUrl, { body: { target_url: `${targetUrl}-other`, event_types: ['record:deleted'] } }),
);
await bodyOf(createWebhook(http, serviceUrl, { body: { target_url: targetUrl, is_active: false } }));

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const page: WebhookPage = await bodyOf(
    listWebhooks(http, serviceUrl, { is_active: true, limit: 1, next_cursor: cursor }),
  );
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = await bodyOf(
  publishEvent(http, serviceUrl, {
    body: { event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } },
  }),
);
const batch = await bodyOf(
  publishEventBatch(http, serviceUrl, {
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
  const { result } = await bodyOf(listDeliveries(http, serviceUrl, { webhook_id: webhook.id, status: ['succeeded'] }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = await bodyOf(getDelivery(http, serviceUrl, { id: deliveries[0]!.id }));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = await bodyOf(getEvent(http, serviceUrl, { id: event.id }));

const missing = await errorOf(getWebhook(http, serviceUrl, { id: NO_WEBHOOK }));
const invalid = await errorOf(createWebhook(http, serviceUrl, { body: { target_url: 'ftp://example.com' } }));

const { id } = webhook;
const since = webhook.created_at;
const counted = await bodyOf(
  recoverWebhook(http, serviceUrl, { id, body: { since, statuses: ['succeeded'], dry_run: true } }),
);
const recovery = await bodyOf(recoverWebhook(http, serviceUrl, { id, body: { since } }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = await bodyOf(
  updateWebhook(http, serviceUrl, { id: other.id, body: { is_active: false, event_types: null } }),
);
const deleted = await bodyOf(deleteWebhook(http, serviceUrl, { id: other.id }));

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
  notFound: { status: missing.status, code: missing.body.code },
  invalid: {
    status: invalid.status,
    code: invalid.body.code,
    fields: invalid.body.details?.failures?.map(({ field }) => field) ?? [],
  },
  recovery: { counted: counted.queued, webhookId: recovery.webhook_id, status: recovery.status },
  updated: { isActive: updated.is_active, eventTypes: updated.event_types.length },
  deletedId: deleted.id,
});

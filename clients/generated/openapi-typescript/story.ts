import createClient from 'openapi-fetch';
import { apiToken, expectTypes, NO_WEBHOOK, type RequiredOf, serviceUrl, targetUrl, tell, until } from '../summary.js';
import type { components, paths } from './client/tidings.js';

type Schemas = components['schemas'];

expectTypes<{
  eventType: Schemas['EventType'];
  requiredOfWebhook: RequiredOf<Schemas['CreateWebhook']>;
  requiredOfRecover: RequiredOf<Schemas['Recover']>;
  requiredOfTest: RequiredOf<Schemas['WebhookTest']>;
  status: Schemas['Delivery']['status'];
  cancelReason: Schemas['Delivery']['cancel_reason'];
  completedAt: Schemas['Delivery']['completed_at'];
  nextCursor: Schemas['WebhookPage']['next_cursor'];
  outcome: Schemas['Attempt']['outcome'];
  attemptError: Schemas['Attempt']['error'];
  errorCode: Schemas['ErrorResponse']['code'];
  deliveryEventType: Schemas['Delivery']['event_type'];
  fieldFailure: NonNullable<Schemas['ErrorDetails']['failures']>[number];
  detailedStatus: Exclude<Schemas['ErrorDetails']['status'], undefined>;
  sentEvent: Schemas['RecordCreatedEnvelope']['event'];
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

const client = createClient<paths>({ baseUrl: serviceUrl, headers: { Authorization: `Bearer ${apiToken}` } });

/** What was answered, where it is no error. */
function answered<T>({ data, error }: { data?: T; error?: Schemas['ErrorResponse'] }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

const body: Schemas['CreateWebhook'] = { target_url: targetUrl, event_types: ['record:created', 'record:updated'] };
const params = { header: { 'Idempotency-Key': 'story' } };
const created = await client.POST('/webhook', { body, params });
const webhook = answered(created);
const repeated = answered(await client.POST('/webhook', { body, params }));
const other = answered(
  await client.POST('/webhook', { body: { target_url: `${targetUrl}-other`, event_types: ['record:deleted'] } }),
);
answered(await client.POST('/webhook', { body: { target_url: targetUrl, is_active: false } }));

const pages: string[][] = [];
for (let cursor: string | null = ''; cursor !== null;) {
  const query = { is_active: true, limit: 1, next_cursor: cursor as string };
  const page: Schemas['WebhookPage'] = answered(await client.GET('/webhook', { params: { query } }));
  pages.push(page.result.map(({ id }) => id));
  cursor = page.next_cursor;
}

const event = answered(
  await client.POST('/event', { body: { event_type: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } } }),
);
const batch = answered(
  await client.POST('/event/batch', {
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
  const query = { webhook_id: webhook.id, status: ['succeeded' as const] };
  const { result } = answered(await client.GET('/delivery', { params: { query } }));
  return result.length === 3 ? result.toReversed() : null;
});
const delivery = answered(await client.GET('/delivery/{id}', { params: { path: { id: deliveries[0]!.id } } }));
const attempt = delivery.attempts[0];
if (!attempt?.response) throw new Error('no attempt with an answer');
const detail = answered(await client.GET('/event/{id}', { params: { path: { id: event.id } } }));

const missing = await client.GET('/webhook/{id}', { params: { path: { id: NO_WEBHOOK } } });
const invalid = await client.POST('/webhook', { body: { target_url: 'ftp://example.com' } });
if (!missing.error || !invalid.error) throw new Error('no error where there has to be one');

const path = { id: webhook.id };
const since = webhook.created_at;
const counted = answered(
  await client.POST('/webhook/{id}/recover', {
    params: { path },
    body: { since, statuses: ['succeeded'], dry_run: true },
  }),
);
const recovery = answered(await client.POST('/webhook/{id}/recover', { params: { path }, body: { since } }));
// One schema has both answers.
if (!('status' in recovery)) throw new Error('only counted');

const updated = answered(
  await client.PATCH('/webhook/{id}', {
    params: { path: { id: other.id } },
    body: { is_active: false, event_types: null },
  }),
);
const deleted = answered(await client.DELETE('/webhook/{id}', { params: { path: { id: other.id } } }));

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

import { randomUUID } from 'node:crypto';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import type { ApiErrorBody, CreatedWebhook, EventDetail, Page, Webhook } from '../support/client.js';
import { useService } from '../support/process.js';
import { useReceivers } from './receivers.js';

const TARGET = 'https://example.com/webhook';

/** Long enough for a busy machine, short enough to wait for. */
const ATTEMPT_TIMEOUT_MS = 2000;

const service = useService({ env: { ATTEMPT_TIMEOUT_MS: String(ATTEMPT_TIMEOUT_MS) } });

describe('registering webhooks', () => {
  it('keeps the named event types in the order given, each once', async () => {
    const { client } = await service.tenant();
    const webhook = await client.createWebhook({
      target_url: TARGET,
      event_types: ['record:updated', 'record:created', 'record:updated'],
    });
    expect(webhook.event_types).toEqual(['record:updated', 'record:created']);
  });

  it('keeps the target URL as it was sent', async () => {
    const { client } = await service.tenant();
    const target = 'https://Example.COM:443/a/../b?q=%7e&empty=';
    const { id, target_url } = await client.createWebhook({ target_url: target });
    expect(target_url).toBe(target);
    expect((await client.get<Webhook>(`/webhook/${id}`)).expect(200).target_url).toBe(target);
  });

  it('creates an inactive webhook on request', async () => {
    const { client } = await service.tenant();
    const { id, is_active } = await client.createWebhook({ target_url: TARGET, is_active: false });
    expect(is_active).toBe(false);
    expect((await client.get<Webhook>(`/webhook/${id}`)).expect(200).is_active).toBe(false);
  });

  it('answers a repeated Idempotency-Key with the first answer and creates nothing', async () => {
    const { client } = await service.tenant();
    const options = { headers: { 'idempotency-key': 'create-1' } };
    const first = await client.post<CreatedWebhook>('/webhook', { target_url: TARGET }, options);
    const second = await client.post<CreatedWebhook>('/webhook', { target_url: TARGET }, options);
    expect(first.expect(201)).toEqual(second.expect(201));
    expect((await client.get<Page<Webhook>>('/webhook')).expect(200).result).toHaveLength(1);
  });

  it('refuses an Idempotency-Key that came with other content', async () => {
    const { client } = await service.tenant();
    const options = { headers: { 'idempotency-key': 'create-1' } };
    (await client.post('/webhook', { target_url: TARGET }, options)).expect(201);
    const other = await client.post('/webhook', { target_url: `${TARGET}/other` }, options);
    other.expectError(409, 'IDEMPOTENCY_CONFLICT');
  });

  it('gives racing repeats of one Idempotency-Key the one webhook', async () => {
    const { client } = await service.tenant();
    const options = { headers: { 'idempotency-key': 'race' } };
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => client.post<CreatedWebhook>('/webhook', { target_url: TARGET }, options)),
    );
    expect(new Set(replies.map((reply) => JSON.stringify(reply.expect(201)))).size).toBe(1);
    expect((await client.get<Page<Webhook>>('/webhook')).expect(200).result).toHaveLength(1);
  });

  it('keeps the keys of two environments apart', async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    const options = { headers: { 'idempotency-key': 'shared' } };
    const first = (await one.client.post<CreatedWebhook>('/webhook', { target_url: TARGET }, options)).expect(201);
    const second = (await other.client.post<CreatedWebhook>('/webhook', { target_url: TARGET }, options)).expect(201);
    expect(second.id).not.toBe(first.id);
  });
});

describe('reading webhooks', () => {
  it('lists them newest first, page by page, unmoved by later ones', async () => {
    const { client } = await service.tenant();
    const created: string[] = [];
    for (let n = 0; n < 5; n++) created.unshift((await client.createWebhook({ target_url: `${TARGET}/${n}` })).id);
    const first = (await client.get<Page<Webhook>>('/webhook?limit=2')).expect(200);
    await client.createWebhook({ target_url: `${TARGET}/later` });
    const second = (await client.get<Page<Webhook>>(`/webhook?limit=2&next_cursor=${first.next_cursor}`)).expect(200);
    const third = (await client.get<Page<Webhook>>(`/webhook?limit=2&next_cursor=${second.next_cursor}`)).expect(200);
    expect([first, second, third].map(({ limit }) => limit)).toEqual([2, 2, 2]);
    expect([first, second, third].flatMap(({ result }) => result.map(({ id }) => id))).toEqual(created);
    expect(third.next_cursor).toBeNull();
  });

  it('filters by is_active and by the own environment_id', async () => {
    const { client, environmentId } = await service.tenant();
    const active = await client.createWebhook({ target_url: TARGET });
    const inactive = await client.createWebhook({ target_url: TARGET, is_active: false });
    const idsOf = async (query: string): Promise<string[]> =>
      (await client.get<Page<Webhook>>(`/webhook?${query}`)).expect(200).result.map(({ id }) => id);
    expect(await idsOf('is_active=true')).toEqual([active.id]);
    expect(await idsOf('is_active=false')).toEqual([inactive.id]);
    expect(await idsOf(`environment_id=${environmentId}`)).toEqual([inactive.id, active.id]);
  });

  it('shows another environment a 404 that is the same, byte for byte, as for a missing id', async () => {
    const [owner, other] = [await service.tenant(), await service.tenant()];
    const { id } = await owner.client.createWebhook({ target_url: TARGET });
    const requests = (webhookId: string) => [
      other.client.get(`/webhook/${webhookId}`),
      other.client.patch(`/webhook/${webhookId}`, { is_active: false }),
      other.client.delete(`/webhook/${webhookId}`),
      other.client.post('/webhook/test', { id: webhookId }),
    ];
    const foreign = await Promise.all(requests(id));
    const missing = await Promise.all(requests(randomUUID()));
    foreign.forEach((reply) => reply.expectError(404, 'WEBHOOK_NOT_FOUND'));
    expect(foreign.map(({ text }) => text)).toEqual(missing.map(({ text }) => text));
    expect((await other.client.get<Page<Webhook>>('/webhook')).expect(200).result).toEqual([]);
    expect((await owner.client.get<Webhook>(`/webhook/${id}`)).expect(200).is_active).toBe(true);
  });
});

describe('changing webhooks', () => {
  it('changes the named fields and leaves the others', async () => {
    const { client } = await service.tenant();
    const { secret: _, ...created } = await client.createWebhook({
      target_url: TARGET,
      event_types: ['record:created'],
    });
    const patched = (await client.patch<Webhook>(`/webhook/${created.id}`, { target_url: `${TARGET}/2` })).expect(200);
    expect(patched).toEqual({ ...created, target_url: `${TARGET}/2`, updated_at: expect.any(String) });
    expect(Date.parse(patched.updated_at)).toBeGreaterThanOrEqual(Date.parse(created.updated_at));
    expect((await client.get<Webhook>(`/webhook/${created.id}`)).expect(200)).toEqual(patched);
  });

  it('subscribes to all types again when event_types becomes null', async () => {
    const { client } = await service.tenant();
    const { id } = await client.createWebhook({ target_url: TARGET, event_types: ['record:created'] });
    const patched = (await client.patch<Webhook>(`/webhook/${id}`, { event_types: null })).expect(200);
    expect(patched.event_types).toEqual(EVENT_TYPE_NAMES);
  });

  it('deletes a webhook from every read', async () => {
    const { client } = await service.tenant();
    const { id } = await client.createWebhook({ target_url: TARGET });
    const deleted = await client.delete<{ id: string }>(`/webhook/${id}`);
    expect(deleted.expect(200)).toEqual({ id });
    (await client.get(`/webhook/${id}`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    (await client.delete(`/webhook/${id}`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    expect((await client.get<Page<Webhook>>('/webhook')).expect(200).result).toEqual([]);
  });

  it.each([
    ['target_url', { target_url: 'ftp://example.com/' }, 'TARGET_URL_NOT_ALLOWED'],
    ['is_active', { is_active: 'false' }, 'VALIDATION_FAILED'],
    ['event_types', { event_types: [] }, 'VALIDATION_FAILED'],
  ])('refuses a bad %s and changes nothing', async (_, change, code) => {
    const { client } = await service.tenant();
    const { id, updated_at } = await client.createWebhook({ target_url: TARGET });
    (await client.patch(`/webhook/${id}`, change)).expectError(400, code);
    expect((await client.get<Webhook>(`/webhook/${id}`)).expect(200)).toMatchObject({ target_url: TARGET, updated_at });
  });
});

describe('testing webhooks', () => {
  const receivers = useReceivers();

  it('sends one signed example event and logs it as a delivery of type test', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url(), event_types: ['record:created'] });
    const reply = await client.post<{ success: true; delivery_id: string }>('/webhook/test', { id: webhook.id });
    expect(reply.expect(200)).toEqual({ success: true, delivery_id: expect.any(String) });
    const [request] = await receiver.waitFor(1);
    expect(JSON.parse(request!.body.toString())).toMatchObject({
      event: 'test',
      payload: { foo: 'bar' },
      webhook_id: webhook.id,
    });
    const [delivery] = await client.deliveries({ webhook_id: webhook.id, is_test: 'true' });
    expect(delivery).toMatchObject({
      event_type: 'test',
      status: 'succeeded',
      attempt_count: 1,
      next_attempt_at: null,
    });
    expect(delivery!.event_id).toBe(request!.headers['webhook-id']);
  });

  it("sends the named type's example payload", async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const catalogue = await client.get<{ result: { event_type: string; description: string; example: object }[] }>(
      '/event-type',
    );
    const { result } = catalogue.expect(200);
    expect(result.map(({ event_type }) => event_type)).toEqual(EVENT_TYPE_NAMES);
    (await client.post('/webhook/test', { id, event_type: 'record:created' })).expect(200);
    const [request] = await receiver.waitFor(1);
    const { payload } = JSON.parse(request!.body.toString()) as { payload: object };
    expect(payload).toEqual(result.find(({ event_type }) => event_type === 'record:created')!.example);
  });

  it('answers 422 with what the endpoint said, and does not try again', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500]);
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const failure = (await client.post('/webhook/test', { id })).expectError(422, 'TEST_DELIVERY_FAILED');
    expect(failure.details).toMatchObject({ status: 500, duration_ms: expect.any(Number) });
    expect(Object.keys(failure.details!).sort()).toEqual(['delivery_id', 'duration_ms', 'error', 'status']);
    const [delivery] = await client.deliveries({ webhook_id: id, is_test: 'true' });
    expect(delivery).toMatchObject({ status: 'failed', attempt_count: 1, next_attempt_at: null });
  });

  it('answers 422 with the kind of error where no answer came', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    await receiver.close();
    const failure = (await client.post('/webhook/test', { id })).expectError(422, 'TEST_DELIVERY_FAILED');
    expect(failure.details).toMatchObject({ status: null, error: 'connect_error' });
  });

  it('answers 422 where the endpoint takes longer than an attempt may', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith(['hang']);
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const failure = (await client.post('/webhook/test', { id })).expectError(422, 'TEST_DELIVERY_FAILED');
    expect(failure.details).toMatchObject({ status: null, error: 'timeout' });
    expect(failure.details!['duration_ms']).toBeGreaterThanOrEqual(ATTEMPT_TIMEOUT_MS - 50);
  });

  it('answers 409 for an inactive webhook and sends nothing', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url(), is_active: false });
    (await client.post('/webhook/test', { id })).expectError(409, 'WEBHOOK_INACTIVE');
    expect(await client.deliveries({ webhook_id: id, is_test: 'true' })).toEqual([]);
  });

  it('answers 429 while ten of the environment are under way', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith(() => 'hang');
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const replies = await Promise.all(Array.from({ length: 11 }, () => client.post('/webhook/test', { id })));
    const limited = replies.filter(({ status }) => status === 429);
    expect(limited).toHaveLength(1);
    limited[0]!.expectError(429, 'RATE_LIMITED');
    expect(limited[0]!.headers['retry-after']).toBe('1');
  });

  it('refuses an unknown type and a missing id by name', async () => {
    const { client } = await service.tenant();
    const { id } = await client.createWebhook({ target_url: TARGET });
    const fieldsOf = ({ details }: ApiErrorBody): string[] => details!.failures!.map(({ field }) => field);
    const unknownType = await client.post('/webhook/test', { id, event_type: 'record:vanished' });
    expect(fieldsOf(unknownType.expectError(400, 'VALIDATION_FAILED'))).toEqual(['event_type']);
    const noId = await client.post('/webhook/test', {});
    expect(fieldsOf(noId.expectError(400, 'VALIDATION_FAILED'))).toEqual(['id']);
  });

  it('lets the event of a test be read like any other', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    (await client.post('/webhook/test', { id })).expect(200);
    const [delivery] = await client.deliveries({ webhook_id: id, is_test: 'true' });
    const event = (await client.get<EventDetail>(`/event/${delivery!.event_id}`)).expect(200);
    expect(event).toMatchObject({ event_type: 'test', payload: { foo: 'bar' } });
  });
});

import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { ApiClient, Delivery, DeliveryDetail, Page, Webhook } from '../support/client.js';
import { useService } from '../support/process.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** The first retry comes over a second later, so that its timestamp, which counts seconds, must differ. */
const RETRY_SCHEDULE = '1300ms,100ms';

const service = useService({ env: { RETRY_SCHEDULE } });
const receivers = useReceivers();

/** The one delivery that the event became, once it satisfies the condition. */
function deliveryOf(
  client: ApiClient,
  eventId: string,
  isAwaited: (delivery: Delivery) => boolean,
): Promise<DeliveryDetail> {
  let last: Delivery | undefined;
  return until(
    `the delivery of ${eventId}`,
    async () => {
      [last] = await client.deliveries({ event_id: eventId });
      return last && isAwaited(last) ? client.delivery(last.id) : undefined;
    },
    undefined,
    () => JSON.stringify(last),
  );
}

const isFinished = ({ status }: Delivery): boolean => status !== 'pending';
const waitsAfterAttempt = ({ attempt_count, next_attempt_at }: Delivery): boolean =>
  attempt_count > 0 && next_attempt_at !== null;

describe('a delivery', () => {
  it('carries two signatures that the standardwebhooks package and a hand-made check accept', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { secret } = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created', { text: 'é😀' });
    const [request] = await receiver.waitFor(1);
    const { headers } = request!;
    const body = request!.body.toString();

    const standard = new StandardWebhook(`whsec_${Buffer.from(secret).toString('base64')}`);
    expect(standard.verify(body, headers as Record<string, string>)).toMatchObject({ id: event.id });
    expect(() => standard.verify(`${body} `, headers as Record<string, string>)).toThrow();

    const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('base64');
    expect(headers['webhook-id']).toBe(event.id);
    expect(headers['webhook-timestamp']).toMatch(/^\d{10}$/);
    expect(headers['webhook-signature']).toBe(
      `v1,${hmac(`${event.id}.${String(headers['webhook-timestamp'])}.${body}`)}`,
    );
    expect(headers['x-webhook-signature']).toBe(`format=sha256,v=${hmac(body)}`);
  });

  it('is a POST of JSON to the path and query of the target', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url('/in/here?a=b%20c') });
    await client.publish('record:created');
    const [request] = await receiver.waitFor(1);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/in/here?a=b%20c',
      headers: { 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^Tidings\/\d+\.\d+\.\d+/) },
    });
  });

  it('is retried after a 500 with the same id and a fresh timestamp, and succeeds', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500, 200]);
    const { secret } = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const [first, second] = await receiver.waitFor(2);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toEqual(first!.body);
    expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']));
    expect(second!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature']);
    const standard = new StandardWebhook(Buffer.from(secret).toString('base64'));
    expect(() => standard.verify(second!.body.toString(), second!.headers as Record<string, string>)).not.toThrow();
    const delivery = await deliveryOf(client, event.id, isFinished);
    expect(delivery).toMatchObject({ status: 'succeeded', attempt_count: 2, next_attempt_at: null });
    expect(delivery.attempts.map(({ number, outcome }) => ({ number, outcome }))).toEqual([
      { number: 1, outcome: 'failed' },
      { number: 2, outcome: 'succeeded' },
    ]);
  });

  it('fails when the schedule is spent, and can be retried by hand from there', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500]);
    await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const failed = await deliveryOf(client, event.id, isFinished);
    expect(failed).toMatchObject({ status: 'failed', attempt_count: 3, next_attempt_at: null, cancel_reason: null });
    expect(failed.completed_at).not.toBeNull();
    expect((await client.event(event.id)).deliveries).toEqual({ pending: 0, succeeded: 0, failed: 1, canceled: 0 });

    receiver.respondWith([200]);
    const retried = (await client.post<Delivery>(`/delivery/${failed.id}/retry`)).expect(202);
    expect(retried).toMatchObject({ id: failed.id, status: 'pending', completed_at: null });
    const done = await deliveryOf(client, event.id, isFinished);
    expect(done).toMatchObject({ status: 'succeeded', attempt_count: 4 });
    expect(done.attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  });

  it('logs what was sent and what was answered', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const body = 'x'.repeat(5000);
    receiver.respondWith([{ status: 200, headers: { 'content-type': 'text/plain', 'x-internal': 'secret' }, body }]);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const { attempts, ...delivery } = await deliveryOf(client, event.id, isFinished);
    expect(delivery).toEqual({
      id: expect.any(String),
      event_id: event.id,
      webhook_id: webhook.id,
      environment_id: webhook.environment_id,
      event_type: 'record:created',
      status: 'succeeded',
      attempt_count: 1,
      next_attempt_at: null,
      cancel_reason: null,
      created_at: expect.any(String),
      completed_at: expect.any(String),
      held_by: null,
      held_until: null,
    });
    expect(attempts).toHaveLength(1);
    const [attempt] = attempts;
    const [request] = receiver.requests;
    expect(attempt).toMatchObject({ number: 1, outcome: 'succeeded', error: null });
    expect(attempt!.timings).toEqual({
      dns_ms: null,
      connect_ms: expect.any(Number),
      tls_ms: null,
      first_byte_ms: expect.any(Number),
      stale_connection_ms: null,
    });
    expect(attempt!.request.url).toBe(receiver.url());
    expect(attempt!.request.headers).toMatchObject({
      'webhook-id': event.id,
      'webhook-timestamp': request!.headers['webhook-timestamp'],
    });
    expect(attempt!.response).toMatchObject({ status: 200, body: body.slice(0, 4096), body_truncated: true });
    expect(attempt!.response!.headers).toEqual({ 'content-type': 'text/plain' });
  });

  it('survives an answer whose body is no text', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 200, body: Buffer.from([0x61, 0x00, 0xff, 0xfe, 0x62]) }]);
    await client.createWebhook({ target_url: receiver.url() });
    const { id } = await client.publish('record:created');
    const { status, attempts } = await deliveryOf(client, id, isFinished);
    expect(status).toBe('succeeded');
    expect(attempts[0]!.response!.body).toMatch(/^a.*b$/s);
  });

  it('fails with a word for it where the endpoint refuses the connection', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    await receiver.close();
    const { id } = await client.publish('record:created');
    const { attempts } = await deliveryOf(client, id, waitsAfterAttempt);
    expect(attempts[0]).toMatchObject({ outcome: 'failed', error: 'connect_error', response: null });
  });

  it('does not follow a redirect', async () => {
    const { client } = await service.tenant();
    const [receiver, elsewhere] = [await receivers.start(), await receivers.start()];
    receiver.respondWith([{ status: 307, headers: { location: elsewhere.url() } }]);
    await client.createWebhook({ target_url: receiver.url() });
    const { id } = await client.publish('record:created');
    const { attempts, status } = await deliveryOf(client, id, isFinished);
    expect(status).toBe('failed');
    expect(attempts.map(({ response }) => response?.status)).toEqual([307, 307, 307]);
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([429, 503])('waits as long as Retry-After of a %i asks', async (status) => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status, headers: { 'retry-after': '3600' } }]);
    await client.createWebhook({ target_url: receiver.url() });
    const { id } = await client.publish('record:created');
    const delivery = await deliveryOf(client, id, waitsAfterAttempt);
    const waitMs = Date.parse(delivery.next_attempt_at!) - Date.parse(delivery.attempts[0]!.started_at);
    expect(waitMs).toBeGreaterThanOrEqual(3_600_000);
    expect(waitMs).toBeLessThan(3_600_000 * 1.25);
    expect(delivery.attempts[0]!.response!.headers['retry-after']).toBe('3600');
  });

  it.each([
    ['at most a day', 503, '9999999', 86_400_000, 86_400_000 * 1.25],
    ['no shorter than the schedule', 503, '0', 1040, 5000],
    ['only for 429 and 503', 500, '3600', 1040, 5000],
  ])('honours Retry-After %s', async (_, status, retryAfter, fromMs, toMs) => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status, headers: { 'retry-after': retryAfter } }]);
    await client.createWebhook({ target_url: receiver.url() });
    const { id } = await client.publish('record:created');
    const delivery = await deliveryOf(client, id, waitsAfterAttempt);
    const waitMs = Date.parse(delivery.next_attempt_at!) - Date.parse(delivery.attempts[0]!.started_at);
    expect(waitMs).toBeGreaterThanOrEqual(fromMs);
    expect(waitMs).toBeLessThan(toMs);
  });

  it('that waits for a far retry is made at once when asked for', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }, 200]);
    await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const { id } = await deliveryOf(client, event.id, waitsAfterAttempt);
    const retried = (await client.post<Delivery>(`/delivery/${id}/retry`)).expect(202);
    expect(retried).toMatchObject({ id, status: 'pending', attempt_count: 1 });
    expect(await deliveryOf(client, event.id, isFinished)).toMatchObject({ status: 'succeeded', attempt_count: 2 });
  });

  it('that succeeded is made again when asked for, under the same id', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const { id } = await deliveryOf(client, event.id, isFinished);
    (await client.post<Delivery>(`/delivery/${id}/retry`)).expect(202);
    const [first, second] = await receiver.waitFor(2);
    expect(second!.body).toEqual(first!.body);
    expect(await deliveryOf(client, event.id, isFinished)).toMatchObject({ id, status: 'succeeded', attempt_count: 2 });
  });

  it('of an inactive or a deleted webhook cannot be retried', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const { id } = await deliveryOf(client, event.id, isFinished);
    (await client.patch(`/webhook/${webhook.id}`, { is_active: false })).expect(200);
    (await client.post(`/delivery/${id}/retry`)).expectError(409, 'WEBHOOK_INACTIVE');
    (await client.delete(`/webhook/${webhook.id}`)).expect(200);
    (await client.post(`/delivery/${id}/retry`)).expectError(409, 'WEBHOOK_DELETED');
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('a change of a webhook', () => {
  /** A tenant with a webhook whose one delivery failed once and waits for an hour. */
  const withWaitingDelivery = async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }, 200]);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const delivery = await deliveryOf(client, event.id, waitsAfterAttempt);
    return { client, receiver, webhook, event, delivery };
  };

  it('to inactive cancels what waits, and what is published afterwards is not owed', async () => {
    const { client, receiver, webhook, event, delivery } = await withWaitingDelivery();
    (await client.patch(`/webhook/${webhook.id}`, { is_active: false })).expect(200);
    const canceled = await client.delivery(delivery.id);
    expect(canceled).toMatchObject({ status: 'canceled', cancel_reason: 'webhook_inactive', next_attempt_at: null });
    expect(canceled.completed_at).not.toBeNull();
    expect((await client.event(event.id)).deliveries).toEqual({ pending: 0, succeeded: 0, failed: 0, canceled: 1 });
    const later = await client.publish('record:created');
    expect(await client.deliveries({ event_id: later.id })).toEqual([]);
    expect(receiver.requests).toHaveLength(1);
  });

  it('to active again delivers what is published from then on', async () => {
    const { client, receiver, webhook } = await withWaitingDelivery();
    (await client.patch(`/webhook/${webhook.id}`, { is_active: false })).expect(200);
    (await client.patch(`/webhook/${webhook.id}`, { is_active: true })).expect(200);
    const later = await client.publish('record:created');
    await deliveryOf(client, later.id, ({ status }) => status === 'succeeded');
    expect(receiver.requests.map(({ headers }) => headers['webhook-id']).at(-1)).toBe(later.id);
    expect(receiver.requests).toHaveLength(2);
  });

  it('that deletes it cancels what waits; its deliveries stay readable by its id', async () => {
    const { client, webhook, delivery } = await withWaitingDelivery();
    (await client.delete(`/webhook/${webhook.id}`)).expect(200);
    const [canceled] = await client.deliveries({ webhook_id: webhook.id });
    expect(canceled).toMatchObject({ id: delivery.id, status: 'canceled', cancel_reason: 'webhook_deleted' });
    expect((await client.delivery(delivery.id)).attempts).toHaveLength(1);
  });

  it('of its target_url sends the retries to the new one', async () => {
    const { client } = await service.tenant();
    const [before, after] = [await receivers.start(), await receivers.start()];
    before.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }]);
    const webhook = await client.createWebhook({ target_url: before.url() });
    const event = await client.publish('record:created');
    const { id } = await deliveryOf(client, event.id, waitsAfterAttempt);
    (await client.patch(`/webhook/${webhook.id}`, { target_url: after.url() })).expect(200);
    (await client.post(`/delivery/${id}/retry`)).expect(202);
    const [request] = await after.waitFor(1);
    expect(request!.headers['webhook-id']).toBe(event.id);
    const { attempts } = await deliveryOf(client, event.id, isFinished);
    expect(attempts.map(({ request: { url } }) => url)).toEqual([before.url(), after.url()]);
    expect(before.requests).toHaveLength(1);
  });

  it('that happens during an attempt lets it end, and a success counts', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const answer = holdAnswers(receiver);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    await receiver.waitFor(1);
    const patched = client.patch(`/webhook/${webhook.id}`, { is_active: false });
    (await patched).expect(200);
    answer();
    expect(await deliveryOf(client, event.id, isFinished)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('that happens during an attempt which then fails leaves no retry', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const answer = holdAnswers(receiver, 500);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    await receiver.waitFor(1);
    (await client.patch(`/webhook/${webhook.id}`, { is_active: false })).expect(200);
    answer();
    const delivery = await deliveryOf(client, event.id, isFinished);
    expect(delivery).toMatchObject({ status: 'canceled', cancel_reason: 'webhook_inactive', attempt_count: 1 });
  });

  it('is made by the endpoint itself when it answers 410', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }, 410]);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const waiting = await client.publish('record:created');
    const { id } = await deliveryOf(client, waiting.id, waitsAfterAttempt);
    const gone = await client.publish('record:updated');
    const last = await deliveryOf(client, gone.id, isFinished);
    expect(last.attempts.map(({ response }) => response?.status)).toEqual([410]);
    expect(last.status).not.toBe('succeeded');
    expect((await client.get<Webhook>(`/webhook/${webhook.id}`)).expect(200).is_active).toBe(false);
    expect(await client.delivery(id)).toMatchObject({ status: 'canceled', cancel_reason: 'webhook_inactive' });
  });
});

describe('reading deliveries', () => {
  it('filters by webhook, event, type, status and time', async () => {
    const { client } = await service.tenant();
    const [good, bad] = [await receivers.start(), await receivers.start()];
    bad.respondWith([500]);
    const up = await client.createWebhook({ target_url: good.url(), event_types: ['record:created'] });
    const down = await client.createWebhook({ target_url: bad.url() });
    const created = await client.publish('record:created');
    const updated = await client.publish('record:updated');
    await until('all deliveries to finish', async () => (await client.deliveries()).filter(isFinished).length === 3);

    const found = async (filters: Record<string, string>): Promise<string[]> =>
      (await client.deliveries(filters)).map(({ event_id, webhook_id }) => `${event_id} ${webhook_id}`);
    const [ofUp, ofDown, updatedOfDown] = [
      `${created.id} ${up.id}`,
      `${created.id} ${down.id}`,
      `${updated.id} ${down.id}`,
    ] as [string, string, string];
    expect(await found({ webhook_id: up.id })).toEqual([ofUp]);
    expect((await found({ event_id: created.id })).sort()).toEqual([ofUp, ofDown].sort());
    expect(await found({ event_type: 'record:updated' })).toEqual([updatedOfDown]);
    expect(await found({ status: 'succeeded' })).toEqual([ofUp]);
    expect((await found({ status: 'failed' })).sort()).toEqual([ofDown, updatedOfDown].sort());
    expect(await found({ status: 'failed', event_id: created.id })).toEqual([ofDown]);
    expect(await found({ status: 'canceled' })).toEqual([]);
    expect(await found({ created_after: '2000-01-01T00:00:00.000Z' })).toHaveLength(3);
    expect(await found({ created_before: '2000-01-01T00:00:00.000Z' })).toEqual([]);
    expect(await found({ created_after: '2999-01-01T00:00:00.000Z' })).toEqual([]);
  });

  it('lists them newest first, page by page, unmoved by later ones', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const eventIds: string[] = [];
    for (let n = 0; n < 5; n++) eventIds.unshift((await client.publish('record:created', { n })).id);
    const first = (await client.get<Page<Delivery>>('/delivery?limit=2')).expect(200);
    await client.publish('record:created');
    const second = (await client.get<Page<Delivery>>(`/delivery?limit=2&next_cursor=${first.next_cursor}`)).expect(200);
    const third = (await client.get<Page<Delivery>>(`/delivery?limit=2&next_cursor=${second.next_cursor}`)).expect(200);
    expect([first, second, third].flatMap(({ result }) => result.map(({ event_id }) => event_id))).toEqual(eventIds);
    expect(third.next_cursor).toBeNull();
  });

  it("answers for another environment's delivery as for a missing one", async () => {
    const [owner, other] = [await service.tenant(), await service.tenant()];
    const receiver = await receivers.start();
    await owner.client.createWebhook({ target_url: receiver.url() });
    const event = await owner.client.publish('record:created');
    const { id } = await deliveryOf(owner.client, event.id, isFinished);
    const missingId = '01982f6e-0000-7000-8000-000000000000';
    const [foreign, missing] = [
      await other.client.get(`/delivery/${id}`),
      await other.client.get(`/delivery/${missingId}`),
    ];
    foreign.expectError(404, 'DELIVERY_NOT_FOUND');
    expect(foreign.text).toBe(missing.text);
    (await other.client.post(`/delivery/${id}/retry`)).expectError(404, 'DELIVERY_NOT_FOUND');
    expect(await other.client.deliveries({ event_id: event.id })).toEqual([]);
  });
});

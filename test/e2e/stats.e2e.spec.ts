import type { ApiClient, Stats, WebhookStats } from '../support/client.js';
import { useService } from '../support/process.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

const WINDOWS = { '1h': [60, 61], '24h': [3_600, 25], '7d': [3_600, 169], '30d': [86_400, 31] } as const;

describe('statistics', () => {
  const service = useService({ env: { RETRY_SCHEDULE: '100ms' } });
  const receivers = useReceivers();

  const ofWebhook = async (client: ApiClient, id: string, query = ''): Promise<WebhookStats> =>
    (await client.get<WebhookStats>(`/webhook/${id}/stats${query}`)).expect(200);
  const ofEnvironment = async (client: ApiClient, query = ''): Promise<Stats> =>
    (await client.get<Stats>(`/stats${query}`)).expect(200);

  it('tell at once what became of deliveries', async () => {
    const { client, environmentId } = await service.tenant();
    const [good, bad] = [await receivers.start(), await receivers.start()];
    bad.respondWith([500]);
    const { id } = await client.createWebhook({ target_url: good.url() });
    const { id: failing } = await client.createWebhook({ target_url: bad.url() });
    for (let n = 0; n < 5; n++) await client.publish('record:created', { n });
    await until('all to have ended', async () => (await ofEnvironment(client)).totals.pending === 0);

    expect(await ofWebhook(client, id)).toMatchObject({
      webhook_id: id,
      window: '24h',
      is_active: true,
      disabled_at: null,
      disabled_reason: null,
      failing_since: null,
      totals: { pending: 0, succeeded: 5, failed: 0, canceled: 0, attempts: 5 },
      success_rate: 1,
      latency_ms: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
    });
    const stats = await ofWebhook(client, failing, '?window=1h');
    expect(stats).toMatchObject({
      totals: { pending: 0, succeeded: 0, failed: 5, canceled: 0, attempts: 10 },
      success_rate: 0,
      failing_since: expect.any(String),
    });
    expect(await ofEnvironment(client, '?window=30d')).toMatchObject({
      environment_id: environmentId,
      totals: { pending: 0, succeeded: 5, failed: 5, canceled: 0, attempts: 15 },
      success_rate: 0.5,
    });
  });

  it.each(Object.entries(WINDOWS))('are a series without gaps in the window %s', async (window, [bucketS, count]) => {
    const { client } = await service.tenant();
    const { buckets, from, to } = await ofEnvironment(client, `?window=${window}`);
    expect(buckets).toHaveLength(count);
    const first = Date.parse(from);
    expect(buckets.map(({ at }) => at)).toEqual(
      buckets.map((_, index) => new Date(first + index * bucketS * 1_000).toISOString()),
    );
    expect(first % (bucketS * 1_000)).toBe(0);
    const afterLast = Date.parse(buckets.at(-1)!.at) + bucketS * 1_000;
    expect(Date.parse(to)).toBeGreaterThanOrEqual(afterLast - bucketS * 1_000);
    expect(Date.parse(to)).toBeLessThan(afterLast);
    const nothing = { succeeded: 0, failed: 0, canceled: 0, p50_ms: null, p95_ms: null };
    expect(buckets).toEqual(buckets.map(({ at }) => ({ at, ...nothing })));
  });

  it('follow a delivery that is sent again, and what waits when the webhook is switched off', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500]);
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created', { n: 1 });
    await until('it to fail', async () => (await ofWebhook(client, id)).totals.failed === 1);
    const [delivery] = await client.deliveries({ event_id: event.id });
    receiver.respondWith([200]);
    (await client.post(`/delivery/${delivery!.id}/retry`)).expect(202);
    await until('it to succeed', async () => (await ofWebhook(client, id)).totals.succeeded === 1);
    expect((await ofWebhook(client, id)).totals).toMatchObject({ failed: 0, attempts: 3 });

    receiver.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }]);
    await client.publish('record:created', { n: 2 });
    await until('it to wait', async () => (await ofWebhook(client, id)).totals.attempts === 4);
    expect((await ofWebhook(client, id)).totals.pending).toBe(1);
    (await client.patch(`/webhook/${id}`, { is_active: false })).expect(200);
    expect(await ofWebhook(client, id)).toMatchObject({
      is_active: false,
      disabled_reason: 'manual',
      disabled_at: expect.any(String),
      totals: { pending: 0, succeeded: 1, failed: 0, canceled: 1, attempts: 4 },
    });
    (await client.delete(`/webhook/${id}`)).expect(200);
    (await client.get(`/webhook/${id}/stats`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    expect((await ofEnvironment(client)).totals).toMatchObject({ succeeded: 1, canceled: 1 });
  });

  it('have no other windows', async () => {
    const { client } = await service.tenant();
    const { details } = (await client.get('/stats?window=2h')).expectError(400, 'VALIDATION_FAILED');
    expect(details?.failures).toEqual([{ field: 'window', message: 'must be one of 1h, 24h, 7d, 30d' }]);
  });
});

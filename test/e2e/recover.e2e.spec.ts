import { jest } from '@jest/globals';
import type { ApiClient, EventHead, Recovery } from '../support/client.js';
import { SERVER_URL, Service, useService } from '../support/process.js';
import { envelopeOf, type Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** Generous: a replica that died keeps what it was attempting for less than a second. */
const TAKE_OVER_MS = 40_000;

jest.setTimeout(120_000);

const publishBatch = async (client: ApiClient, count: number, eventType = 'record:created'): Promise<string[]> => {
  const events = Array.from({ length: count }, (_, n) => ({ event_type: eventType, payload: { n } }));
  const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', { events })).expect(202);
  return result.map(({ id }) => id);
};

const minuteAgo = (): string => new Date(Date.now() - 60_000).toISOString();
const idsOf = (receiver: Receiver): string[] => receiver.requests.map((request) => envelopeOf(request).id);

const latest = async (client: ApiClient, webhookId: string): Promise<Recovery> =>
  (await client.get<Recovery>(`/webhook/${webhookId}/recover`)).expect(200);
const done = (client: ApiClient, webhookId: string): Promise<Recovery> =>
  until(
    'the recovery to be done',
    async () => {
      const recovery = await latest(client, webhookId);
      return recovery.status === 'done' && recovery;
    },
    TAKE_OVER_MS,
  );

describe('an endpoint that was switched off for a while', () => {
  const service = useService({ env: { RETRY_SCHEDULE: '100ms' } });
  const receivers = useReceivers();

  it('gets what it missed, what was canceled and what failed, and nothing a second time', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const since = minuteAgo();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const delivered = await client.publish('record:created', { n: 1 });
    await receiver.waitFor(1);
    receiver.respondWith([500]);
    const failed = await client.publish('record:created', { n: 2 });
    await until('it to fail', async () => (await client.event(failed.id)).deliveries.failed === 1);
    receiver.respondWith([{ status: 503, headers: { 'retry-after': '3600' } }]);
    const canceled = await client.publish('record:created', { n: 3 });
    await until('it to be attempted', async () => {
      const [delivery] = await client.deliveries({ event_id: canceled.id });
      return delivery?.attempt_count === 1 && delivery.next_attempt_at !== null;
    });
    (await client.patch(`/webhook/${id}`, { is_active: false })).expect(200);
    const missed = await publishBatch(client, 40);
    (await client.post(`/webhook/${id}/recover`, { since })).expectError(409, 'WEBHOOK_INACTIVE');
    (await client.get(`/webhook/${id}/recover`)).expectError(404, 'RECOVERY_NOT_FOUND');
    (await client.delete(`/webhook/${id}/recover`)).expectError(404, 'RECOVERY_NOT_FOUND');

    receiver.respondWith([200]);
    receiver.clear();
    (await client.patch(`/webhook/${id}`, { is_active: true })).expect(200);
    const dry = await client.post<{ queued: number }>(`/webhook/${id}/recover`, { since, dry_run: true });
    expect(dry.expect(200)).toEqual({ queued: 42 });
    const begun = (await client.post<Recovery>(`/webhook/${id}/recover`, { since })).expect(202);
    expect(begun).toMatchObject({ webhook_id: id, since, status: 'running', completed_at: null });
    await receiver.waitFor(42);
    expect(await done(client, id)).toMatchObject({ id: begun.id, total: 42, queued: 42 });
    await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
    expect(idsOf(receiver).sort()).toEqual([failed.id, canceled.id, ...missed].sort());
    expect((await client.event(failed.id)).deliveries).toEqual({ pending: 0, succeeded: 1, failed: 0, canceled: 0 });
    const [again] = await client.deliveries({ event_id: failed.id });
    expect((await client.delivery(again!.id)).attempts.map(({ number }) => number)).toEqual([1, 2, 3]);

    (await client.post<Recovery>(`/webhook/${id}/recover`, { since })).expect(202);
    expect(await done(client, id)).toMatchObject({ total: 0, queued: 0 });
    expect(receiver.requests).toHaveLength(42);

    const all = { since, statuses: ['succeeded'] };
    (await client.post<Recovery>(`/webhook/${id}/recover`, all)).expect(202);
    await receiver.waitFor(42 + 43);
    expect(idsOf(receiver).slice(42).sort()).toEqual([delivered.id, failed.id, canceled.id, ...missed].sort());
  });

  it('that was made only then gets what was published before, of the types that it is subscribed to', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const since = minuteAgo();
    const [created] = await publishBatch(client, 1, 'record:created');
    const [updated] = await publishBatch(client, 1, 'record:updated');
    await publishBatch(client, 1, 'record:deleted');
    const { id } = await client.createWebhook({
      target_url: receiver.url(),
      event_types: ['record:created', 'record:updated'],
    });
    const one = { since, event_types: ['record:updated'] };
    (await client.post(`/webhook/${id}/recover`, one)).expect(202);
    expect(await done(client, id)).toMatchObject({ total: 1, queued: 1 });
    (await client.post(`/webhook/${id}/recover`, { since })).expect(202);
    expect(await done(client, id)).toMatchObject({ total: 1, queued: 1 });
    await receiver.waitFor(2);
    expect(idsOf(receiver)).toEqual([updated, created]);
  });

  it.each([
    ['since', {}],
    ['since', { since: 'yesterday' }],
    ['since', { since: 1_628_589_600_000 }],
    ['since', { since: null }],
    ['since', { since: '2021-08-10T10:00:00' }],
    ['since', { since: '2021-08-10T10:00:00Z', until: '2021-08-10T10:00:00Z' }],
    ['since', { since: '2021-08-10T10:00:01Z', until: '2021-08-10T10:00:00Z' }],
    ['since', { since: '2999-08-10T10:00:00Z' }],
    ['until', { since: '2021-08-10T10:00:00Z', until: '2999-08-10T10:00:00Z' }],
    ['until', { since: '2021-08-10T10:00:00Z', until: null }],
    ['event_types', { since: '2021-08-10T10:00:00Z', event_types: [] }],
    ['event_types.1', { since: '2021-08-10T10:00:00Z', event_types: ['record:created', 'test'] }],
    ['statuses', { since: '2021-08-10T10:00:00Z', statuses: [] }],
    ['statuses', { since: '2021-08-10T10:00:00Z', event_types: null, statuses: 'failed' }],
    ['statuses.0', { since: '2021-08-10T10:00:00Z', statuses: ['pending'] }],
    ['dry_run', { since: '2021-08-10T10:00:00Z', dry_run: 'yes' }],
    ['from', { since: '2021-08-10T10:00:00Z', from: '2021-08-10T10:00:00Z' }],
  ])('is not recovered by a request whose %s is wrong: %j', async (field, body) => {
    const { client } = await service.tenant();
    const { id } = await client.createWebhook({ target_url: 'https://example.com/webhook' });
    const { details } = (await client.post(`/webhook/${id}/recover`, body)).expectError(400, 'VALIDATION_FAILED');
    expect(details!.failures!.map((failure) => failure.field)).toEqual([field]);
    (await client.get(`/webhook/${id}/recover`)).expectError(404, 'RECOVERY_NOT_FOUND');
  });

  it('is recovered by one request at a time, which can be stopped', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const answer = holdAnswers(receiver);
    const { id } = await client.createWebhook({ target_url: receiver.url(), is_active: false });
    await publishBatch(client, 1_000);
    (await client.patch(`/webhook/${id}`, { is_active: true })).expect(200);
    (await client.post(`/webhook/${id}/recover`, { since: minuteAgo() })).expect(202);
    (await client.post(`/webhook/${id}/recover`, { since: minuteAgo() })).expectError(409, 'RECOVERY_RUNNING');
    await until('it to queue', async () => (await latest(client, id)).queued > 0);
    const stopped = (await client.delete<Recovery>(`/webhook/${id}/recover`)).expect(200);
    expect(stopped).toMatchObject({ status: 'stopped', total: 1_000 });
    answer();
    await receiver.waitFor(stopped.queued);
    await until('nothing to wait', async () => (await client.deliveries({ status: 'pending' })).length === 0);
    expect(receiver.requests).toHaveLength(stopped.queued);
    expect(await latest(client, id)).toEqual(stopped);
  });
});

describe('a recovery whose process is killed', () => {
  const receivers = useReceivers();
  let service: Service;
  afterEach(() => service.stop());

  /** A recovery that has queued a part of 2,000 events, and the ids of these. */
  const begin = async () => {
    service = new Service();
    await service.start();
    const { client, token } = await service.tenant();
    const receiver = await receivers.start();
    const answer = holdAnswers(receiver);
    const { id } = await client.createWebhook({ target_url: receiver.url(), is_active: false });
    const missed = [...(await publishBatch(client, 1_000)), ...(await publishBatch(client, 1_000))];
    (await client.patch(`/webhook/${id}`, { is_active: true })).expect(200);
    const begun = (await client.post<Recovery>(`/webhook/${id}/recover`, { since: minuteAgo() })).expect(202);
    await until('some to be queued', async () => (await latest(client, id)).queued > 100);
    return { client, token, receiver, answer, id, missed, begun };
  };

  it('goes on after the next start, and every event arrives', async () => {
    const { client, receiver, answer, id, missed, begun } = await begin();
    await service.kill('SIGKILL');
    const attempted = receiver.requests.length;
    answer();
    await service.restart();
    expect(await done(client, id)).toMatchObject({ id: begun.id, total: 2_000, queued: 2_000 });
    await until(
      'every event to arrive',
      () => new Set(idsOf(receiver)).size === 2_000,
      TAKE_OVER_MS,
      () => `${receiver.requests.length}`,
    );
    expect(new Set(idsOf(receiver))).toEqual(new Set(missed));
    await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
    // Only what was being attempted at the kill may have come twice.
    expect(receiver.requests.length).toBeLessThanOrEqual(2_000 + attempted);
  });

  if (SERVER_URL) {
    it('goes on with another replica, and makes no delivery twice', async () => {
      const { receiver, answer, id, missed, begun, token } = await begin();
      const second = await service.startReplica();
      const survivor = second.client(token);
      await service.kill('SIGKILL');
      answer();
      expect(await done(survivor, id)).toMatchObject({ id: begun.id, total: 2_000, queued: 2_000 });
      await until('every event to arrive', () => new Set(idsOf(receiver)).size === 2_000, TAKE_OVER_MS);
      for (const event of missed.slice(0, 20)) {
        expect(await survivor.deliveries({ event_id: event })).toHaveLength(1);
      }
    });
  }
});

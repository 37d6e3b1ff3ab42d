import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeProbeDue, takeDown } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

interface Delivery {
  status: string;
  attempt_count: number;
  cancel_reason: string | null;
}

/** What the log says of a change of an endpoint's state. */
interface Change {
  webhook_id: string;
  from: string;
  to: string;
}

const YESTERDAY = `ARRAY[(now() AT TIME ZONE 'UTC')::date - 1]`;

describe('an endpoint that has failed for days', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;
  let webhookId: string;
  let logged: jest.SpiedFunction<Logger['log']>[];

  beforeAll(async () => {
    test = await createTestDatabase();
    // Longer than any test: the retry of a failed probe does not go out by itself.
    replica = await startReplica(test, { RETRY_SCHEDULE: '1h,1h' });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    receiver.clear();
    receiver.respondWith(() => 500);
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'given up', allow_duplicate_name: true },
    });
    environmentId = body.id;
    logged = (['log', 'warn'] as const).map((level) => jest.spyOn(Logger.prototype, level));
    webhookId = (
      await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body: { target_url: receiver.url() } })
    ).body.id;
  });
  afterEach(() => logged.forEach((spy) => spy.mockRestore()));
  afterAll(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  /** The endpoint is down, and this is how long it fails; the next failure adds today to the days. */
  const hasFailed = async (since: string, days: string): Promise<void> => {
    await takeDown(test.dataSource, webhookId);
    await test.dataSource.query(
      `UPDATE webhook_health SET failing_since = now() - $2::interval, failure_days = ${days} WHERE webhook_id = $1`,
      [webhookId, since],
    );
  };
  const publish = async (count: number): Promise<void> => {
    const events = Array.from({ length: count }, () => ({ event_type: 'record:created', payload: {} }));
    const reply = await replica.call('POST', '/event/batch', { environmentId, body: { events } });
    expect(reply.status).toBe(202);
  };
  const deliveries = async () => (await replica.read<{ result: Delivery[] }>('/delivery', environmentId)).result;
  const ofDelivery = (status: string, attemptCount: number, cancelReason: string | null = null) =>
    expect.objectContaining({ status, attempt_count: attemptCount, cancel_reason: cancelReason });
  const webhook = async (): Promise<{ is_active: boolean; disabled_reason: string | null }> =>
    (await test.dataSource.query('SELECT is_active, disabled_reason FROM webhook WHERE id = $1', [webhookId]))[0];
  const health = async (): Promise<{ consecutive_failures: number; is_recent: boolean } | undefined> =>
    (
      await test.dataSource.query(
        `SELECT consecutive_failures, in_flight_limit, failing_since > now() - interval '1 hour' AS is_recent
         FROM webhook_health WHERE is_in_trouble AND webhook_id = $1`,
        [webhookId],
      )
    )[0];
  const told = () =>
    logged
      .flatMap(({ mock }) => mock.calls.map(([line]) => line as Partial<Change>))
      .filter((line): line is Change => line.to !== undefined && line.webhook_id === webhookId)
      .map(({ from, to }) => `${from} → ${to}`)
      .sort();
  const becomesInactive = () => until('the webhook to be inactive', async () => !(await webhook()).is_active);

  it('is given up by one more failure after five days and on the second day: what waits for it is canceled', async () => {
    await hasFailed('5 days', YESTERDAY);
    await publish(5);
    expect(await deliveries()).toEqual(Array.from({ length: 5 }, () => ofDelivery('pending', 0)));
    expect(receiver.requests).toEqual([]);

    await makeProbeDue(test.dataSource, webhookId);

    const ended = await until('all to be canceled', async () => {
      const found = await deliveries();
      return found.every(({ status }) => status !== 'pending') && found;
    });
    const attempts = ended.map(({ attempt_count: count }) => count).sort((a, b) => a - b);
    expect(attempts).toEqual([0, 0, 0, 0, 1]);
    expect(ended).toEqual(attempts.map(() => expect.objectContaining({ cancel_reason: 'webhook_inactive' })));
    expect(ended.map(({ status }) => status)).toEqual(attempts.map(() => 'canceled'));
    expect(await webhook()).toEqual({ is_active: false, disabled_reason: 'failing' });
    await until('the change to be logged', () => told().length > 0);
    expect(told()).toEqual(['down → disabled_failing']);
    expect(receiver.requests).toHaveLength(1);
  });

  it.each([
    ['on one day only, however long ago the first', '6 days', `'{}'`],
    ['on two days, but not for five', '4 days 23 hours', YESTERDAY],
  ])('is not given up when it failed %s, and recovers', async (_, since, days) => {
    await hasFailed(since, days);
    await publish(3);
    receiver.respondWith([500, 200]);
    await makeProbeDue(test.dataSource, webhookId);
    await until('the failure', async () => (await health())?.consecutive_failures === 21);

    await makeProbeDue(test.dataSource, webhookId);

    await until('the rest to be delivered', async () => {
      const found = await deliveries();
      return found.filter(({ status }) => status !== 'pending').length >= 2 && found;
    });
    // What failed waits for its retry; a webhook that was given up would have canceled it.
    expect((await deliveries()).map(({ status }) => status).sort()).toEqual(['pending', 'succeeded', 'succeeded']);
    expect(await webhook()).toEqual({ is_active: true, disabled_reason: null });
    await until('the recovery to be logged', () => told().length > 0);
    expect(told()).not.toContain('down → disabled_failing');
  });

  it.each(['after it was given up', 'before it is given up'])('starts afresh when activated %s', async (when) => {
    await hasFailed('5 days', YESTERDAY);
    if (when === 'after it was given up') {
      await publish(1);
      await makeProbeDue(test.dataSource, webhookId);
      await becomesInactive();
    }
    const path = `/webhook/${webhookId}`;
    const reply = await replica.call('PATCH', path, { environmentId, body: { is_active: true } });
    expect(reply).toMatchObject({ status: 200, body: { is_active: true } });
    expect(await webhook()).toEqual({ is_active: true, disabled_reason: null });
    expect(await health()).toBeUndefined();
    receiver.clear();
    receiver.respondWith([500, 200]);

    await publish(1);
    await until('the failure', async () => (await health()) !== undefined);
    expect(await health()).toEqual({ consecutive_failures: 1, in_flight_limit: null, is_recent: true });
    await publish(1);
    await until('a success', async () => (await deliveries()).some(({ status }) => status === 'succeeded'));

    expect(receiver.requests).toHaveLength(2);
    expect(await webhook()).toEqual({ is_active: true, disabled_reason: null });
    const change = when === 'after it was given up' ? 'down → disabled_failing' : 'down → healthy';
    expect(told()).toEqual([change]);
  });
});

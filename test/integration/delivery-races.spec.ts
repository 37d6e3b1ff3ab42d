import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { Queryable } from '../../src/database/queryable.js';
import type { DeliveryResult, LeasedDelivery, Settlement } from '../../src/deliveries/delivery.types.js';
import { findDelivery, listAttempts } from '../../src/deliveries/queue/delivery-reads.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

const SUCCEEDED: Settlement = { kind: 'succeeded' };
const WAITING: Settlement = { kind: 'waiting', inMs: 60_000 };

/* On the embedded engine the second statement waits for the whole transaction of the first, not for one of its rows. */
describe('a delivery that moves between the queue and the log', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;
  let webhookId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    environmentId = await makeEnvironment(database);
    webhookId = await makeWebhook(database, environmentId);
  });

  const leaseOne = async (): Promise<LeasedDelivery> =>
    (await accept(database, [makeEvent(environmentId)], { total: 10 })).leased[0]!;
  /** The lease is lost, and another replica has one. */
  const leaseAgain = async (delivery: LeasedDelivery): Promise<LeasedDelivery> => {
    const lease = randomUUID();
    await database.query('UPDATE delivery_queue SET lease = $1 WHERE webhook_id = $2', [lease, webhookId]);
    return { ...delivery, lease };
  };
  const settle = (on: Queryable, result: DeliveryResult) => settleDeliveries(on, [result]);
  const requeue = (on: Queryable, id: string) => requeueDelivery(on, environmentId, id);
  const succeeded = (delivery: LeasedDelivery) => resultOf(delivery, SUCCEEDED, attempted('succeeded'));
  const failed = (delivery: LeasedDelivery, settlement: Settlement) =>
    resultOf(delivery, settlement, attempted('failed'));
  const statusOf = (id: string) => findDelivery(database, environmentId, id);
  const attemptsOf = async (id: string) =>
    (await listAttempts(database, environmentId, id)).map(({ number, outcome }) => `${number} ${outcome}`);

  /** Starts `second` while the transaction of `first` is open, which commits once `second` was seen to wait for it. */
  const meeting = async (
    first: (on: Queryable) => Promise<unknown>,
    second: (on: Queryable) => Promise<unknown>,
  ): Promise<void> => {
    let answer: Promise<unknown> = Promise.resolve();
    await database.transaction(async (manager) => {
      await first(manager);
      answer = second(database);
      const isBlocked = test.engine === 'embedded' ? delay(100) : untilBlocked();
      expect(await Promise.race([answer.then(() => 'answered'), isBlocked.then(() => 'waiting')])).toBe('waiting');
    });
    await answer;
  };
  const untilBlocked = () =>
    until('the second statement to wait for the first', async () => {
      const rows = await database.query<unknown[]>(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });

  describe.each([
    ['succeeded', SUCCEEDED],
    ['failed', WAITING],
  ] as const)('has a late attempt logged that %s', (outcome, settlement) => {
    const late = (stale: LeasedDelivery) => resultOf(stale, settlement, attempted(outcome));

    it('while another finishes it', async () => {
      const stale = await leaseOne();
      const current = await leaseAgain(stale);
      await meeting(
        (on) => settle(on, succeeded(current)),
        (on) => settle(on, late(stale)),
      );
      expect(await statusOf(stale.id)).toMatchObject({ status: 'succeeded', attempt_count: 2 });
      expect(await attemptsOf(stale.id)).toEqual(['1 succeeded', `2 ${outcome}`]);
    });

    it('while another has it wait', async () => {
      const stale = await leaseOne();
      const current = await leaseAgain(stale);
      await meeting(
        (on) => settle(on, failed(current, WAITING)),
        (on) => settle(on, late(stale)),
      );
      expect(await statusOf(stale.id)).toMatchObject({ status: 'pending', attempt_count: 2 });
      expect(await attemptsOf(stale.id)).toEqual(['1 failed', `2 ${outcome}`]);
    });

    it('while somebody sends it again', async () => {
      const stale = await leaseOne();
      await settle(database, succeeded(await leaseAgain(stale)));
      await meeting(
        (on) => requeue(on, stale.id),
        (on) => settle(on, late(stale)),
      );
      expect(await statusOf(stale.id)).toMatchObject({ status: 'pending', attempt_count: 2 });
      expect(await attemptsOf(stale.id)).toEqual(['1 succeeded', `2 ${outcome}`]);
    });

    it.each(['is under way', 'is finished'])(
      'once, when it is recorded again before the first statement has ended, while the delivery %s',
      async (state) => {
        const stale = await leaseOne();
        const current = await leaseAgain(stale);
        if (state === 'is finished') await settle(database, succeeded(current));
        const before = await attemptsOf(stale.id);
        await meeting(
          (on) => settle(on, late(stale)),
          (on) => settle(on, late(stale)),
        );
        expect(await attemptsOf(stale.id)).toEqual([...before, `${before.length + 1} ${outcome}`]);
        expect(await statusOf(stale.id)).toMatchObject({ attempt_count: before.length + 1 });
      },
    );
  });

  it.each([
    ['succeeded', 'succeeded', SUCCEEDED],
    ['failed', 'failed', { kind: 'failed' }],
    ['pending', 'failed', WAITING],
  ] as const)(
    'is %s with one attempt when its result is recorded again before the first statement has ended',
    async (status, outcome, settlement) => {
      const delivery = await leaseOne();
      const result = resultOf(delivery, settlement, attempted(outcome));
      await meeting(
        (on) => settle(on, result),
        (on) => settle(on, result),
      );
      expect(await statusOf(delivery.id)).toMatchObject({ status, attempt_count: 1 });
      expect(await attemptsOf(delivery.id)).toEqual([`1 ${outcome}`]);
    },
  );

  it('is sent again when somebody asks for that while it is being finished', async () => {
    const delivery = await leaseOne();
    await meeting(
      (on) => settle(on, failed(delivery, { kind: 'failed' })),
      (on) => requeue(on, delivery.id),
    );
    expect(await statusOf(delivery.id)).toMatchObject({ status: 'pending', attempt_count: 1 });
    expect(await attemptsOf(delivery.id)).toEqual(['1 failed']);
  });

  it('is sent again once when two ask for that', async () => {
    const delivery = await leaseOne();
    await settle(database, failed(delivery, { kind: 'failed' }));
    await meeting(
      (on) => requeue(on, delivery.id),
      (on) => requeue(on, delivery.id),
    );
    expect(await statusOf(delivery.id)).toMatchObject({ status: 'pending', attempt_count: 1 });
    expect(await attemptsOf(delivery.id)).toEqual(['1 failed']);
  });

  it('keeps the number of an attempt that is logged late while somebody sends it again', async () => {
    const stale = await leaseOne();
    await settle(database, succeeded(await leaseAgain(stale)));
    await meeting(
      (on) => settle(on, failed(stale, WAITING)),
      (on) => requeue(on, stale.id),
    );
    expect(await statusOf(stale.id)).toMatchObject({ status: 'pending', attempt_count: 2 });
    expect(await attemptsOf(stale.id)).toEqual(['1 succeeded', '2 failed']);
  });
});

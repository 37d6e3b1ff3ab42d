import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';
import { findPartitions } from '../../src/database/partitions/day-partition.js';
import { type DropReport, PartitionDropper } from '../../src/database/partitions/partition-dropper.js';
import { PartitionTimer } from '../../src/database/partitions/partition-timer.js';
import type { LeasedDelivery } from '../../src/deliveries/delivery.types.js';
import { findDelivery } from '../../src/deliveries/queue/delivery-reads.js';
import { holdPayload, requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { startReplica, type TestReplica } from '../support/app.js';
import type { DeliveryDetail } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

const DAY_MS = 86_400_000;
const KEPT = { event: 5, delivery: 10, attempt: 10 };

let test: TestDatabase;
let database: DataSource;
let partitions: DailyPartitions;
let dropper: PartitionDropper;
let environmentId: string;
let webhookId: string;

/** Holds the leases of the tests; nobody takes it for dead. */
const REPLICA = uuidV7();

beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
  await database.query(`INSERT INTO replica (id, started_at, seen_at) VALUES ($1, now(), now() + interval '1 hour')`, [
    REPLICA,
  ]);
  partitions = new DailyPartitions(database);
  dropper = new PartitionDropper(database, KEPT);
});
afterAll(() => test.close());
beforeEach(async () => {
  await database.query('DELETE FROM delivery_queue');
  environmentId = await makeEnvironment(database);
  webhookId = await makeWebhook(database, environmentId);
});

const daysAgo = (days: number): Date => new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - days * DAY_MS);

/** Leases the delivery of an event of that day, which gets its partitions. */
async function leaseOne(createdAt: Date): Promise<LeasedDelivery> {
  const event = makeEvent(environmentId, { id: uuidV7(createdAt.getTime()), createdAt });
  await partitions.ensure(createdAt);
  return (await accept(database, [event], { total: 1, replicaId: REPLICA })).leased[0]!;
}

/** Its first attempt failed and is in a log of its own, its second succeeded. */
async function finish(delivery: LeasedDelivery): Promise<void> {
  await settleDeliveries(database, [resultOf(delivery, { kind: 'waiting', inMs: 0 }, attempted('failed'))]);
  await database.query(
    `UPDATE delivery_queue SET lease = $1, leased_by = $2, leased_until = now() + interval '1 minute'
     WHERE delivery_id = $3`,
    [delivery.lease, REPLICA, delivery.id],
  );
  await settleDeliveries(database, [resultOf(delivery, { kind: 'succeeded' }, attempted('succeeded'))]);
}

async function finishOne(createdAt: Date): Promise<LeasedDelivery> {
  const delivery = await leaseOne(createdAt);
  await finish(delivery);
  return delivery;
}

/** The logs that have a partition for the day. */
async function logsOf(day: Date): Promise<string[]> {
  const found = (await findPartitions(database)).filter((partition) => partition.day === day.getTime() / DAY_MS);
  return found.map(({ table }) => table).sort();
}

async function untilBlocked(): Promise<void> {
  if (test.engine === 'embedded') return delay(100);
  await until('a statement to wait for a table', async () => {
    const rows = await database.query<unknown[]>(`SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted`);
    return rows.length > 0;
  });
}

const ALL = ['attempt', 'delivery', 'event'];

describe('retention', () => {
  it('drops a day of each log once it is older than that is kept, and not before', async () => {
    const lastEvent = daysAgo(KEPT.event);
    const lastDelivery = daysAgo(KEPT.delivery);
    for (const day of [lastEvent, daysAgo(KEPT.event + 1), lastDelivery, daysAgo(KEPT.delivery + 1)]) {
      await finishOne(day);
    }
    const { dropped, owing, busy } = await dropper.run();
    expect([owing, busy]).toEqual([[], []]);
    expect(dropped).toContain(`event_${lastDelivery.toISOString().slice(0, 10).replaceAll('-', '')}`);
    expect(await logsOf(lastEvent)).toEqual(ALL);
    expect(await logsOf(daysAgo(KEPT.event + 1))).toEqual(['attempt', 'delivery']);
    expect(await logsOf(lastDelivery)).toEqual(['attempt', 'delivery']);
    expect(await logsOf(daysAgo(KEPT.delivery + 1))).toEqual([]);
    expect((await dropper.run()).dropped).toEqual([]);
    await expect(finishOne(new Date())).resolves.toBeDefined();
  });

  it('keeps a day in all logs while one of its deliveries is not finished', async () => {
    const day = daysAgo(12);
    // The last millisecond of the day.
    const delivery = await leaseOne(new Date(day.getTime() + DAY_MS - 1));
    const { dropped, owing } = await dropper.run();
    expect(await logsOf(day)).toEqual(ALL);
    expect(owing).toHaveLength(3);
    expect(dropped).not.toEqual(expect.arrayContaining(owing));
    await finish(delivery);
    await dropper.run();
    expect(await logsOf(day)).toEqual([]);
  });

  it('is done by one of several replicas', async () => {
    await finishOne(daysAgo(12));
    const replicas = [database, await test.connect(), await test.connect()];
    const reports = await Promise.all(replicas.map((replica) => new PartitionDropper(replica, KEPT).run()));
    await dropper.run();
    expect(await logsOf(daysAgo(12))).toEqual([]);
    const dropped = reports.flatMap((report) => report.dropped);
    expect(new Set(dropped).size).toBe(dropped.length);
  });

  it('leaves a delivery to somebody who is sending it again meanwhile', async () => {
    const day = daysAgo(12);
    const { id, event } = await finishOne(day);
    let report: Promise<DropReport>;
    await database.transaction(async (manager) => {
      expect(await findDelivery(manager, environmentId, id)).not.toBeNull();
      expect(await holdPayload(manager, environmentId, event!.id)).toBe(true);
      report = dropper.run();
      await untilBlocked();
      await requeueDelivery(manager, environmentId, id);
    });
    expect((await report!).owing).toHaveLength(3);
    expect(await logsOf(day)).toEqual(ALL);
    expect((await findDelivery(database, environmentId, id))?.status).toBe('pending');
  });

  it('holds nobody up who uses today while a table is in use', async () => {
    // Two transactions at once: not on the embedded engine, where they take turns anyway.
    if (test.engine === 'embedded') return;
    const day = daysAgo(12);
    await finishOne(day);
    await finishOne(daysAgo(13));
    const reader = await test.connectClient();
    await reader.query('BEGIN');
    await reader.query('SELECT 1 FROM event LIMIT 1');
    let isRunning = true;
    const report = dropper.run().finally(() => (isRunning = false));
    let longestMs = 0;
    while (isRunning) {
      const startedAt = performance.now();
      await accept(database, [makeEvent(environmentId)]);
      longestMs = Math.max(longestMs, performance.now() - startedAt);
    }
    await reader.query('ROLLBACK');
    const { busy } = await report;
    // With the events of a day all that is about them stays.
    expect(busy.length).toBeGreaterThanOrEqual(6);
    expect(await logsOf(day)).toEqual(ALL);
    expect(longestMs).toBeLessThan(600);
    await dropper.run();
    expect(await logsOf(day)).toEqual([]);
  });
});

describe('a day without partitions', () => {
  const lost = daysAgo(400);
  const loseDay = async (delivery: LeasedDelivery): Promise<LeasedDelivery> => {
    for (const { name, day } of await findPartitions(database)) {
      if (day === lost.getTime() / DAY_MS) await database.query(`DROP TABLE ${name}`);
    }
    return delivery;
  };

  it('is made when a delivery of it ends', async () => {
    const delivery = await loseDay(await leaseOne(lost));
    const result = resultOf(delivery, { kind: 'succeeded' }, attempted('succeeded'));
    await expect(settleDeliveries(database, [result])).rejects.toThrow('no partition');
    await partitions.provide(() => settleDeliveries(database, [result]));
    expect((await findDelivery(database, environmentId, delivery.id))?.status).toBe('succeeded');
    expect(await logsOf(lost)).toEqual(ALL);
  });

  it('is made for each of several days that one statement names', async () => {
    const days = [daysAgo(402), daysAgo(401), lost];
    const ids = days.map((day) => uuidV7(day.getTime()));
    await partitions.provide(() =>
      database.query(
        `INSERT INTO event (id, environment_id, event_type, payload, created_at)
         SELECT id, $2, 'record:created', '{}', now() FROM unnest($1::uuid[]) AS id`,
        [ids, environmentId],
      ),
    );
    for (const day of days) expect(await logsOf(day)).toEqual(ALL);
  });

  it('ends in an error when making it was of no use', async () => {
    let runs = 0;
    const work = async (): Promise<void> => {
      runs += 1;
      await database.transaction(async (manager) => {
        for (const { name, day } of await findPartitions(manager)) {
          if (day === lost.getTime() / DAY_MS) await manager.query(`DROP TABLE ${name}`);
        }
        await manager.query(
          `INSERT INTO event (id, environment_id, event_type, payload, created_at)
           VALUES ($1, $2, 'record:created', '{}', now())`,
          [uuidV7(lost.getTime()), environmentId],
        );
      });
    };
    await expect(partitions.provide(work)).rejects.toThrow('no partition');
    expect(runs).toBe(2);
  });
});

describe('a replica', () => {
  let replica: TestReplica;
  beforeAll(async () => {
    await finishOne(daysAgo(12));
    // Somebody ran on each day since then: else the clock would be doubted (retention-clock.ts).
    for (let day = 11; day > 1; day--) await partitions.ensure(daysAgo(day));
    // Those of the fixtures open under no key of a replica's.
    await database.query('DELETE FROM webhook_secret');
    await database.query('DELETE FROM encryption_key');
    replica = await startReplica(test, { RETENTION_DAYS: '10', EVENT_RETENTION_DAYS: '5' });
  });
  afterAll(() => replica.close());

  const get = (path: string) => replica.call<Record<string, unknown>>('GET', path, { environmentId });

  it('drops what is past its retention when it starts', async () => {
    await until('the day to be dropped', async () => (await logsOf(daysAgo(12))).length === 0);
    // From here on the tests say when: the start's round may still be at other days.
    await replica.nest.get(PartitionTimer).onModuleDestroy();
  });

  it('tells of a delivery what became of it when its event is gone, and refuses to send it again', async () => {
    const { id, event } = await finishOne(daysAgo(7));
    const read = async () => (await get(`/delivery/${id}`)).body as unknown as DeliveryDetail;
    const before = await read();
    const bodies = before.attempts.map(({ request }) => request.body);
    expect(bodies).toEqual([expect.stringContaining(event!.id), expect.stringContaining(event!.id)]);
    expect((await get(`/event/${event!.id}`)).status).toBe(200);
    await replica.nest.get(PartitionDropper).run();
    expect(await get(`/event/${event!.id}`)).toMatchObject({ status: 404, body: { code: 'EVENT_NOT_FOUND' } });
    const retry = await replica.call('POST', `/delivery/${id}/retry`, { environmentId });
    expect(retry).toMatchObject({ status: 409, body: { code: 'EVENT_EXPIRED' } });
    for (const { request } of before.attempts) request.body = null;
    expect(await read()).toEqual(before);
  });

  it('refuses to send a delivery again whose event is being dropped', async () => {
    const { id, event } = await finishOne(daysAgo(7));
    const day = daysAgo(7).toISOString().slice(0, 10).replaceAll('-', '');
    let retry: ReturnType<typeof replica.call>;
    await database.transaction(async (manager) => {
      await manager.query(`DROP TABLE event_${day}`);
      retry = replica.call('POST', `/delivery/${id}/retry`, { environmentId });
      await untilBlocked();
    });
    expect(await retry!).toMatchObject({ status: 409, body: { code: 'EVENT_EXPIRED' } });
    expect((await get(`/delivery/${id}`)).body).toMatchObject({ event_id: event!.id, status: 'succeeded' });
  });

  it('stops a webhook whose deliveries are of a day that has no partitions', async () => {
    const delivery = await leaseOne(daysAgo(20));
    const later = resultOf(delivery, { kind: 'waiting', inMs: DAY_MS }, attempted('failed'));
    await settleDeliveries(database, [later]);
    for (const { name, day } of await findPartitions(database)) {
      if (day === daysAgo(20).getTime() / DAY_MS) await database.query(`DROP TABLE ${name}`);
    }
    const body = { is_active: false };
    const stopped = await replica.call('PATCH', `/webhook/${webhookId}`, { environmentId, body });
    expect(stopped.status).toBe(200);
    expect(await get(`/delivery/${delivery.id}`)).toMatchObject({
      status: 200,
      body: { status: 'canceled', cancel_reason: 'webhook_inactive' },
    });
  });
});

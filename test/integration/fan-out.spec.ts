import type { DataSource } from 'typeorm';
import { uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';
import { loadConfig } from '../../src/config/config.js';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';
import { findPartitions } from '../../src/database/partitions/day-partition.js';
import { PartitionDropper } from '../../src/database/partitions/partition-dropper.js';
import { deliveryIdsOf } from '../../src/deliveries/delivery-ids.js';
import { countPending } from '../../src/deliveries/queue/count-pending.js';
import { countRecoverable } from '../../src/recovery/count-recoverable.js';
import { FanOutWorker } from '../../src/deliveries/engine/fan-out-worker.js';
import type { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import type { SmallPublishers } from '../../src/deliveries/intake/small-publishers.js';
import type { DeliveryMetrics } from '../../src/deliveries/delivery-metrics.js';
import { expandFanOut } from '../../src/deliveries/queue/expand-fan-out.js';
import { listOwedWebhooks } from '../../src/deliveries/queue/deliveries-of-event.js';
import { countOwed } from '../../src/deliveries/queue/fan-out-reads.js';
import { readQueueState } from '../../src/deliveries/queue/read-queue-state.js';
import { recoverDeliveries } from '../../src/recovery/recover-deliveries.js';
import { deferEvents } from '../../src/deliveries/intake/defer-events.js';
import { deletePayload } from '../../src/events/delete-payload.js';
import { findEvent } from '../../src/events/event-reads.js';
import type { Acceptance, IncomingEvent } from '../../src/deliveries/intake/accept-events.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeEvent, makeWebhook } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

const DAY_MS = 86_400_000;

interface Made {
  id: string;
  environment_id: string;
  event_id: string;
  webhook_id: string;
  status: string;
  cancel_reason: string | null;
}

describe('a deferred fan-out', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await database.query('TRUNCATE fan_out, delivery_queue, delivery, stats_entry');
    environmentId = await makeEnvironment(database);
  });

  const addWebhooks = async (count: number, options: Parameters<typeof makeWebhook>[2] = {}): Promise<string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) ids.push(await makeWebhook(database, environmentId, options));
    return ids;
  };
  const eventsOf = (count: number, overrides: Partial<IncomingEvent> = {}): IncomingEvent[] =>
    Array.from({ length: count }, () => makeEvent(environmentId, overrides));
  const defer = (events: IncomingEvent[]): Promise<Acceptance> => deferEvents(database, events);
  /** @returns what each step made. */
  const expandAll = async (limit: number, on: DataSource = database): Promise<number[]> => {
    const steps: number[] = [];
    for (let last: string | null = null; ;) {
      const step = await expandFanOut(on, last, limit);
      if (!step) return steps;
      steps.push(step.made);
      last = step.environmentId;
    }
  };
  const madeIn = async (environment: string): Promise<number> =>
    (await made()).filter(({ environment_id }) => environment_id === environment).length;
  const made = (): Promise<Made[]> =>
    database.query<Made[]>(
      `SELECT delivery_id AS id, environment_id, event_id, webhook_id, 'pending' AS status, NULL AS cancel_reason
       FROM delivery_queue
       UNION ALL SELECT id, environment_id, event_id, webhook_id, status, cancel_reason FROM delivery`,
    );
  const pairsOf = (rows: readonly Pick<Made, 'event_id' | 'webhook_id'>[]): string[] =>
    rows.map(({ event_id, webhook_id }) => `${event_id} ${webhook_id}`).sort();
  const product = (events: readonly IncomingEvent[], webhookIds: readonly string[]): string[] =>
    pairsOf(events.flatMap(({ id }) => webhookIds.map((webhook_id) => ({ event_id: id, webhook_id }))));
  const outcomesOf = async (): Promise<Record<string, string[]>> => {
    const outcomes: Record<string, string[]> = {};
    for (const row of await made()) (outcomes[row.webhook_id] ??= []).push(row.cancel_reason ?? row.status);
    return outcomes;
  };
  /** As a change of a webhook leaves it. */
  const change = async (id: string, state: { isActive: boolean; isDeleted?: boolean }): Promise<void> => {
    await database.query(
      `WITH changed AS (
         UPDATE webhook SET revision = revision + 1, is_active = $2, deleted_at = CASE WHEN $3 THEN now() END
         WHERE id = $1 RETURNING *
       )
       INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, event_types, is_deleted,
         changed_by, changed_at)
       SELECT environment_id, id, revision, target_url, is_active, event_types, $3, 'admin', now() FROM changed`,
      [id, state.isActive, state.isDeleted ?? false],
    );
  };

  it.each([
    ['parts of an event', 3, [3, 2, 3, 2, 3, 2, 3, 2]],
    ['whole events', 11, [10, 10]],
    ['all of it', 1_000, [20]],
    ['one by one', 1, Array<number>(20).fill(1)],
  ])('makes each delivery once, in steps of %s', async (_, limit, steps) => {
    const webhookIds = await addWebhooks(5);
    const events = eventsOf(4);
    expect((await defer(events)).deliveries).toEqual(new Map([[environmentId, 20]]));
    expect(await made()).toEqual([]);
    expect(await expandAll(limit)).toEqual(steps);
    const rows = await made();
    expect(pairsOf(rows)).toEqual(product(events, webhookIds));
    expect(rows.every(({ id, event_id }) => deliveryIdsOf(event_id)[0] < id && id < deliveryIdsOf(event_id)[1])).toBe(
      true,
    );
    expect(await database.query('SELECT 1 FROM fan_out')).toEqual([]);
  });

  it('makes each delivery once when the size of the steps changes and replicas are at it together', async () => {
    const webhookIds = await addWebhooks(7);
    const events = [...eventsOf(20), ...eventsOf(20, { eventType: 'record:updated' })];
    await defer(events);
    const other = await test.connect();
    await Promise.all([expandAll(3), expandAll(17, other), expandAll(5, await test.connect())]);
    // A replica that found another one at the last row left.
    await expandAll(1_000);
    expect(pairsOf(await made())).toEqual(product(events, webhookIds));
  });

  it('is set aside when it fails, while the others go on, and is made when it can be', async () => {
    await addWebhooks(2);
    await defer(eventsOf(2));
    const other = await makeEnvironment(database);
    await makeWebhook(database, other);
    await defer([makeEvent(other), makeEvent(other)]);
    await database.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`,
    );
    await database.query(
      `CREATE TRIGGER refuse BEFORE INSERT ON delivery_queue FOR EACH ROW
       WHEN (NEW.environment_id = '${environmentId}') EXECUTE FUNCTION refuse()`,
    );
    const capacity = { nudge: () => undefined } as unknown as DeliveryCapacity;
    const small = { areActive: () => true } as unknown as SmallPublishers;
    const metrics = { canceledFor: () => undefined } as unknown as DeliveryMetrics;
    const worker = new FanOutWorker(database, new DailyPartitions(database), capacity, small, metrics, loadConfig({}));
    try {
      worker.onApplicationBootstrap();
      await until('the other environment to have its deliveries', async () => (await madeIn(other)) === 2);
      expect(await madeIn(environmentId)).toBe(0);
      expect(await countOwed(database, 'environment', environmentId)).toBe(4);
    } finally {
      await database.query('DROP FUNCTION refuse() CASCADE');
    }
    await until('what failed to be made', async () => (await madeIn(environmentId)) === 4);
    await worker.onModuleDestroy();
  });

  it('owes the events to the webhooks that matched when they were stored, and to no other', async () => {
    const [all, subscribed] = [
      ...(await addWebhooks(1)),
      ...(await addWebhooks(1, { eventTypes: ['record:created'] })),
    ];
    await addWebhooks(1, { eventTypes: ['record:deleted'] });
    const [inactive] = await addWebhooks(1, { isActive: false });
    await makeWebhook(database, await makeEnvironment(database));
    const created = eventsOf(2);
    const updated = eventsOf(1, { eventType: 'record:updated' });
    expect((await defer([...created, ...updated])).deliveries).toEqual(new Map([[environmentId, 5]]));
    await addWebhooks(1);
    await change(inactive!, { isActive: true });
    await expandAll(100);
    expect(pairsOf(await made())).toEqual(
      [...product(created, [all!, subscribed!]), ...product(updated, [all!])].sort(),
    );
  });

  it('owes nothing of what matches no webhook, nor of an event whose key was taken', async () => {
    expect((await defer(eventsOf(3))).deliveries).toEqual(new Map());
    await addWebhooks(2);
    const key = { key: 'order-1', contentHash: Buffer.alloc(32) };
    await defer(eventsOf(1, { idempotency: key }));
    const [repeated, fresh] = [...eventsOf(1, { idempotency: key }), ...eventsOf(1)];
    const second = await defer([repeated!, fresh!]);
    expect([...second.refused]).toEqual([repeated!.id]);
    expect(second.deliveries).toEqual(new Map([[environmentId, 2]]));
    await expandAll(100);
    expect(await made()).toHaveLength(4);
  });

  it('cancels what a webhook is owed that has stopped since, also if it is active again', async () => {
    const [kept, retargeted, inactive, again, deleted, inactiveThenDeleted] = await addWebhooks(6);
    const events = eventsOf(2);
    await defer(events);
    await change(retargeted!, { isActive: true });
    await change(inactive!, { isActive: false });
    await change(again!, { isActive: false });
    await change(again!, { isActive: true });
    await change(deleted!, { isActive: false, isDeleted: true });
    await change(inactiveThenDeleted!, { isActive: false });
    await change(inactiveThenDeleted!, { isActive: false, isDeleted: true });
    const step = await expandFanOut(database, null, 100);
    expect(step!.canceled).toEqual({ webhook_inactive: 6, webhook_deleted: 2, stopped: 0 });
    const twice = (outcome: string): string[] => [outcome, outcome];
    expect(await outcomesOf()).toEqual({
      [kept!]: twice('pending'),
      [retargeted!]: twice('pending'),
      [inactive!]: twice('webhook_inactive'),
      [again!]: twice('webhook_inactive'),
      [deleted!]: twice('webhook_deleted'),
      [inactiveThenDeleted!]: twice('webhook_inactive'),
    });
    const [stats] = await database.query('SELECT sum(canceled)::int AS canceled FROM stats_entry');
    expect(stats).toEqual({ canceled: 8 });
  });

  it('sends what was inactive before the event was stored', async () => {
    const [webhookId] = await addWebhooks(1);
    await change(webhookId!, { isActive: false });
    await change(webhookId!, { isActive: true });
    await defer(eventsOf(1));
    await expandAll(10);
    expect(await outcomesOf()).toEqual({ [webhookId!]: ['pending'] });
  });

  it('cancels what an event owes whose payload was deleted', async () => {
    const [webhookId] = await addWebhooks(1);
    const events = eventsOf(3);
    await defer(events);
    await database.transaction((manager) => deletePayload(manager, environmentId, events[1]!.id));
    await expandAll(10);
    expect(await outcomesOf()).toEqual({ [webhookId!]: expect.arrayContaining(['pending', 'pending', 'stopped']) });
    expect((await made()).find(({ status }) => status === 'canceled')).toMatchObject({
      event_id: events[1]!.id,
      cancel_reason: 'stopped',
    });
  });

  it('is told of exactly, at every step, wherever deliveries are counted or listed', async () => {
    const webhookIds = await addWebhooks(3);
    const events = eventsOf(3);
    await defer(events);
    for (let left = 9; left >= 0; left -= 1) {
      expect(await countOwed(database, 'environment', environmentId)).toBe(left);
      const rows = await made();
      expect(rows).toHaveLength(9 - left);
      for (const webhookId of webhookIds) {
        const owed = await countOwed(database, 'webhook', webhookId);
        const { waiting } = await countPending(database, 'webhook', webhookId);
        expect(owed + waiting).toBe(events.length);
      }
      for (const { id } of events) {
        const found = await findEvent(database, environmentId, id);
        expect(found!.deliveries.pending).toBe(webhookIds.length);
        const owed = await listOwedWebhooks(database, environmentId, id, webhookIds);
        const has = rows.filter(({ event_id }) => event_id === id).map(({ webhook_id }) => webhook_id);
        expect([...owed, ...has].sort()).toEqual(webhookIds);
      }
      const { owed, oldestDueSeconds } = await readQueueState(database);
      expect(owed).toBe(left);
      expect(oldestDueSeconds).toBeGreaterThanOrEqual(0);
      await expandFanOut(database, null, 1);
    }
    expect(await countOwed(database, 'webhook', webhookIds[0]!)).toBe(0);
  });

  it('counts in the age of the backlog', async () => {
    await addWebhooks(1);
    await defer(eventsOf(1));
    // The column rounds to whole milliseconds, up as well as down.
    await database.query(`UPDATE fan_out SET created_at = now() - interval '1 hour 1 ms'`);
    expect((await readQueueState(database)).oldestDueSeconds).toBeGreaterThanOrEqual(3_600);
  });

  it("is no recovery's matter: what is owed was not missed", async () => {
    const [owing] = await addWebhooks(2);
    const events = eventsOf(3);
    await defer(events);
    const [late] = await addWebhooks(1);
    const range = { from: uuidV7Floor(Date.now() - 60_000), to: uuidV7Floor(Date.now() + 60_000) };
    const filterOf = (webhookId: string) => ({
      environmentId,
      webhookId,
      eventTypes: null,
      statuses: ['missed'] as const,
      endedBefore: new Date(Date.now() + 60_000),
    });
    for (let step = 0; step <= 6; step += 1) {
      expect((await countRecoverable(database, filterOf(owing!), range)).found).toBe(0);
      expect((await recoverDeliveries(database, filterOf(owing!), range, 100)).queued).toBe(0);
      expect((await countRecoverable(database, filterOf(late!), range)).found).toBe(3);
      await expandFanOut(database, null, 1);
    }
    expect(await database.query('SELECT 1 FROM fan_out')).toEqual([]);
    expect((await recoverDeliveries(database, filterOf(late!), range, 100)).queued).toBe(3);
    expect(await made()).toHaveLength(9);
  });

  it('lets environments take turns', async () => {
    const first = environmentId;
    await addWebhooks(2);
    await defer(eventsOf(4));
    environmentId = await makeEnvironment(database);
    await addWebhooks(2);
    await defer(eventsOf(1));
    const turns: string[] = [];
    for (let last: string | null = null; ;) {
      const step = await expandFanOut(database, last, 2);
      if (!step) break;
      last = step.environmentId;
      turns.push(last === first ? 'first' : 'second');
    }
    expect(turns).toEqual(['first', 'second', 'first', 'first', 'first']);
  });

  it('makes nothing of what a deleted environment owes, and goes on with the others', async () => {
    await addWebhooks(2);
    await defer(eventsOf(2));
    await database.query('UPDATE environment SET deleted_at = now() WHERE id = $1', [environmentId]);
    expect(await expandFanOut(database, null, 100)).toBeNull();
    environmentId = await makeEnvironment(database);
    await addWebhooks(1);
    await defer(eventsOf(1));
    expect(await expandAll(100)).toEqual([1]);
  });

  it('keeps the day of its events in all logs until its deliveries are made', async () => {
    const at = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS;
    const partitions = new DailyPartitions(database);
    const dropper = new PartitionDropper(database, { event: 5, delivery: 5, attempt: 5 });
    await partitions.ensure(new Date(at));
    const daysKept = async (): Promise<number> =>
      (await findPartitions(database)).filter(({ day }) => day === at / DAY_MS).length;
    const [webhookId] = await addWebhooks(1);
    await defer(eventsOf(2).map((event, n) => ({ ...event, id: uuidV7(at + n), createdAt: new Date(at + n) })));
    await expandFanOut(database, null, 1);
    await database.query('DELETE FROM delivery_queue');
    expect((await dropper.run()).owing).toHaveLength(3);
    expect(await daysKept()).toBe(3);
    await change(webhookId!, { isActive: false });
    await expandAll(1);
    await dropper.run();
    expect(await daysKept()).toBe(0);
  });
});

import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';
import type { LeasedDelivery, Settlement } from '../../src/deliveries/delivery.types.js';
import { cancelDeliveriesOf } from '../../src/deliveries/queue/deliveries-of-event.js';
import { latencyIntervalOf, middleOfInterval } from '../../src/deliveries/queue/latency-intervals.js';
import { recoverDeliveries } from '../../src/recovery/recover-deliveries.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { LOST_LEASES_LIMIT, rescueDeliveries } from '../../src/deliveries/queue/rescue-deliveries.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { stopDeliveries } from '../../src/deliveries/queue/stop-deliveries.js';
import type { StatsDto } from '../../src/stats/dto/stats.dto.js';
import { moveStats } from '../../src/stats/stats-mover.js';
import { PendingCounts } from '../../src/deliveries/pending-counts.js';
import { StatsService } from '../../src/stats/stats.service.js';
import { STATS_WINDOWS, type StatsWindow } from '../../src/stats/stats-window.js';
import { idleTurns, soloReader } from '../support/reads.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BUCKET_MS: Record<StatsWindow, number> = { '1h': MINUTE_MS, '24h': HOUR_MS, '7d': HOUR_MS, '30d': DAY_MS };

/** What percentiles may be off by, as a share. */
const TOLERANCE = 0.05;

interface Ended {
  webhook_id: string;
  status: 'succeeded' | 'failed' | 'canceled';
  at: Date;
}

interface Attempted {
  webhook_id: string;
  duration_ms: number;
  at: Date;
}

describe('statistics', () => {
  let test: TestDatabase;
  let database: DataSource;
  let stats: StatsService;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    const turns = idleTurns();
    stats = new StatsService(database, turns, new PendingCounts(database, turns));
    await database.query(`UPDATE stats_beginning SET at = now() - interval '60 days'`);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await database.query('TRUNCATE stats_entry, stats_bucket, delivery, attempt, event, delivery_queue');
    environmentId = await makeEnvironment(database);
  });

  const moveAll = async (from: DataSource = database): Promise<void> => {
    while ((await moveStats(from)).isMore);
  };
  const entries = async (): Promise<number> =>
    (await database.query<[{ count: number }]>('SELECT count(*)::int FROM stats_entry'))[0].count;
  const setActive = (webhookId: string, isActive: boolean) =>
    database.query('UPDATE webhook SET is_active = $2 WHERE id = $1', [webhookId, isActive]);
  const statsOf = (subjectId: string, window: StatsWindow): Promise<StatsDto> =>
    subjectId === environmentId
      ? stats.ofEnvironment(environmentId, window, soloReader(environmentId))
      : stats.ofWebhook(environmentId, subjectId, window, soloReader(environmentId));

  /** Different in every call, from 0 ms to a minute, and the same in every run. */
  const durations = (): (() => number) => {
    let seed = 42;
    return () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return Math.floor(60_000 ** (seed / 2_147_483_647)) - 1;
    };
  };
  const settle = (delivery: LeasedDelivery, settlement: Settlement, durationMs: number | null) =>
    resultOf(
      delivery,
      settlement,
      durationMs === null ? null : attempted(settlement.kind === 'succeeded' ? 'succeeded' : 'failed', { durationMs }),
    );

  /** Everything that ends a delivery, makes an attempt or brings a delivery back, and leaves some pending. */
  async function live(webhookIds: readonly string[], next: () => number): Promise<void> {
    const owe = async (count: number): Promise<LeasedDelivery[]> => {
      const events = Array.from({ length: count }, () => makeEvent(environmentId));
      return (await accept(database, events, { total: 1_000 })).leased;
    };
    const waiting: Settlement = { kind: 'waiting', inMs: 0 };
    const first = await owe(6);
    await settleDeliveries(
      database,
      first.map((delivery) => settle(delivery, { kind: 'succeeded' }, next())),
    );
    const mixed = await owe(6);
    const settlements: [Settlement, number | null][] = [
      [{ kind: 'succeeded' }, next()],
      [{ kind: 'failed' }, next()],
      [{ kind: 'canceled', reason: 'stopped' }, next()],
      [{ kind: 'canceled', reason: 'stopped' }, null],
      [waiting, next()],
      [waiting, null],
    ];
    await settleDeliveries(
      database,
      mixed.map((delivery, index) => settle(delivery, ...settlements[index % settlements.length]!)),
    );
    // Attempts whose lease was lost: while the delivery waits, and after it was canceled.
    const lost = await owe(2);
    await database.query('UPDATE delivery_queue SET lease = NULL, leased_by = NULL, leased_until = NULL');
    await settleDeliveries(
      database,
      lost.map((delivery) => settle(delivery, { kind: 'succeeded' }, next())),
    );
    await cancelDeliveriesOf(database, environmentId, lost[0]!.event!.id);
    const late = await owe(1);
    await database.query('UPDATE delivery_queue SET lease = NULL, leased_by = NULL, leased_until = NULL');
    await setActive(webhookIds[0]!, false);
    await stopDeliveries(database, [webhookIds[0]!], 'webhook_inactive');
    await settleDeliveries(
      database,
      late.map((delivery) => settle(delivery, { kind: 'failed' }, next())),
    );
    await setActive(webhookIds[0]!, true);
    // A process that is lost once too often.
    await owe(1);
    await database.query(`UPDATE delivery_queue SET lost_leases = $1 WHERE lease IS NOT NULL`, [LOST_LEASES_LIMIT - 1]);
    await rescueDeliveries(database, { replicaId: randomUUID(), isExclusive: true, ownLeases: [], ownLeasesAt: 0 });
    // Sent again, and some of it ended once more.
    await requeueDelivery(database, environmentId, first[0]!.id);
    await requeueDelivery(database, environmentId, mixed[2]!.id);
    const filter = {
      environmentId,
      webhookId: webhookIds[1]!,
      eventTypes: null,
      statuses: ['failed', 'canceled'] as ('failed' | 'canceled')[],
      endedBefore: new Date(Date.now() + MINUTE_MS),
    };
    const range = { from: uuidV7Floor(Date.now() - MINUTE_MS), to: uuidV7(Date.now() + MINUTE_MS) };
    await recoverDeliveries(database, filter, range, 3);
    const again: LeasedDelivery[] = await owe(1);
    await settleDeliveries(
      database,
      again.map((delivery) => settle(delivery, { kind: 'failed' }, next())),
    );
  }

  /** As if what has happened since then had happened at that time. */
  async function move(since: Date, to: Date): Promise<void> {
    await database.query('UPDATE stats_entry SET at = $2 WHERE at >= $1', [since, to]);
    await database.query('UPDATE delivery SET completed_at = $2 WHERE completed_at >= $1', [since, to]);
    for (const table of ['delivery', 'attempt']) {
      await database.query(`UPDATE ${table} SET started_at = $2 WHERE started_at >= $1`, [since, to]);
    }
  }

  async function rawRows(): Promise<{ ended: Ended[]; attempts: Attempted[]; pending: { webhook_id: string }[] }> {
    const ended = await database.query<Ended[]>('SELECT webhook_id, status, completed_at AS at FROM delivery');
    const attempts = await database.query<Attempted[]>(
      `SELECT webhook_id, duration_ms, started_at AS at FROM delivery WHERE number IS NOT NULL
       UNION ALL
       SELECT d.webhook_id, a.duration_ms, a.started_at FROM attempt a
       JOIN (SELECT id, webhook_id FROM delivery UNION ALL SELECT delivery_id, webhook_id FROM delivery_queue) d
         ON d.id = a.delivery_id`,
    );
    const pending = await database.query<{ webhook_id: string }[]>('SELECT webhook_id FROM delivery_queue');
    return { ended, attempts, pending };
  }

  /** The nearest rank, of the durations themselves. */
  function percentile(attempts: readonly Attempted[], share: number): number | null {
    const sorted = attempts.map(({ duration_ms }) => duration_ms).sort((a, b) => a - b);
    return sorted[Math.ceil(Number((share * sorted.length).toFixed(6))) - 1] ?? null;
  }

  function expectNear(actual: number | null, attempts: readonly Attempted[], share: number): void {
    const exact = percentile(attempts, share);
    if (exact === null) expect(actual).toBeNull();
    else expect(Math.abs(actual! - exact)).toBeLessThanOrEqual(exact * TOLERANCE);
  }

  function countsOf(ended: readonly Ended[]) {
    const count = (status: Ended['status']) => ended.filter((row) => row.status === status).length;
    return { succeeded: count('succeeded'), failed: count('failed'), canceled: count('canceled') };
  }

  /** @returns how many buckets had anything. */
  async function reconcile(subjectId: string, window: StatsWindow): Promise<number> {
    const dto = await statsOf(subjectId, window);
    const raw = await rawRows();
    const isOf = ({ webhook_id }: { webhook_id: string }) => subjectId === environmentId || webhook_id === subjectId;
    const from = Date.parse(dto.from);
    const ended = raw.ended.filter((row) => isOf(row) && row.at.getTime() >= from);
    const attempts = raw.attempts.filter((row) => isOf(row) && row.at.getTime() >= from);
    const { succeeded, failed, canceled } = countsOf(ended);
    const pending = raw.pending.filter(isOf).length;
    expect(dto.totals).toEqual({ pending, succeeded, failed, canceled, attempts: attempts.length });
    expect(dto.success_rate).toBe(succeeded + failed === 0 ? null : succeeded / (succeeded + failed));
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      expectNear(dto.latency_ms[name], attempts, share);
    }
    const isIn = (bucket: { at: string }) => (row: { at: Date }) =>
      Math.floor((row.at.getTime() - Date.parse(bucket.at)) / BUCKET_MS[window]) === 0;
    for (const bucket of dto.buckets) {
      const { at, p50_ms, p95_ms, ...counts } = bucket;
      expect({ at, ...counts }).toEqual({ at, ...countsOf(ended.filter(isIn(bucket))) });
      expectNear(p50_ms, attempts.filter(isIn(bucket)), 0.5);
      expectNear(p95_ms, attempts.filter(isIn(bucket)), 0.95);
    }
    return dto.buckets.filter(({ succeeded: some, p50_ms }) => some > 0 || p50_ms !== null).length;
  }

  it('agree with the log, whatever happens to deliveries and however much is merged', async () => {
    const webhookIds = [await makeWebhook(database, environmentId), await makeWebhook(database, environmentId)];
    const next = durations();
    const now = Date.now();
    const ages = [31 * DAY_MS, 29.3 * DAY_MS, 12 * DAY_MS, 5 * DAY_MS, 26 * HOUR_MS, 7 * HOUR_MS, 3 * HOUR_MS];
    const recent = [90 * MINUTE_MS, 52 * MINUTE_MS, 33 * MINUTE_MS, 30 * MINUTE_MS, 3 * MINUTE_MS];
    for (const [round, age] of [...ages, ...recent].entries()) {
      const [{ since }] = await database.query<[{ since: Date }]>(
        `SELECT date_trunc('milliseconds', clock_timestamp()) AS since`,
      );
      await live(webhookIds, next);
      await move(since, new Date(now - age));
      if (round % 3 === 1) await moveAll();
    }
    for (const state of ['partly merged', 'merged']) {
      if (state === 'merged') await moveAll();
      expect((await entries()) > 0).toBe(state === 'partly merged');
      for (const subjectId of [...webhookIds, environmentId]) {
        for (const window of STATS_WINDOWS) {
          expect(await reconcile(subjectId, window)).toBeGreaterThan(window === '1h' ? 3 : 1);
        }
      }
    }
    const { totals } = await stats.ofEnvironment(environmentId, '30d', soloReader(environmentId));
    for (const [name, count] of Object.entries(totals)) expect([name, count > 10]).toEqual([name, true]);
  });

  it('lose and double nothing, and wait for nothing, while several replicas record and merge', async () => {
    const webhookIds: string[] = [];
    for (let n = 0; n < 6; n++) webhookIds.push(await makeWebhook(database, environmentId));
    const replicas = [await test.connect(), await test.connect(), await test.connect()];
    const record = async (replica: DataSource) => {
      for (let n = 0; n < 25; n++) {
        const events = Array.from({ length: 3 }, () => makeEvent(environmentId));
        const { leased } = await accept(replica, events, { total: 1_000 });
        // Not in the order of their ids: the webhooks meet in any order.
        const results = leased.map((delivery, index) =>
          settle(delivery, index % 5 === n % 5 ? { kind: 'failed' } : { kind: 'succeeded' }, index),
        );
        await settleDeliveries(replica, n % 2 === 0 ? results : results.toReversed());
      }
    };
    let areRecording = true;
    const merge = async (replica: DataSource) => {
      while (areRecording) await moveStats(replica);
    };
    const merging = replicas.map(merge);
    await Promise.all(replicas.map(record));
    areRecording = false;
    await Promise.all(merging);
    await moveAll();
    expect(await entries()).toBe(0);
    for (const subjectId of [...webhookIds, environmentId])
      expect(await reconcile(subjectId, '24h')).toBeGreaterThan(0);
    expect((await stats.ofEnvironment(environmentId, '24h', soloReader(environmentId))).totals).toMatchObject({
      attempts: 3 * 25 * 3 * 6,
    });
  });

  it('become coarser with age, tell every window the same all the time, and end with the longest', async () => {
    // The windows move on with the minute.
    await until('the minute to have time left', () => new Date().getSeconds() < 45);
    const webhookId = await makeWebhook(database, environmentId);
    // Every 17 minutes for 40 days: more than one transaction moves.
    await database.query(
      `INSERT INTO stats_bucket (environment_id, subject_id, width_s, at, moves_at, succeeded, failed, canceled, latencies,
         latency_counts)
       SELECT $1, $2, 60, date_bin('1 minute', now() - n * interval '17 minutes', 'epoch'),
         now() - n * interval '17 minutes' + interval '2 hours', 3, 2, 1,
         ARRAY[n % 50, 60 + n % 100], '{4,2}'
       FROM generate_series(0, 40 * 24 * 60 / 17) AS n`,
      [environmentId, webhookId],
    );
    const read = async () => {
      const all = await Promise.all(STATS_WINDOWS.map((window) => statsOf(webhookId, window)));
      return all.map(({ totals, latency_ms, buckets }) => ({ totals, latency_ms, buckets }));
    };
    const before = await read();
    for (const { totals } of before) expect(totals.attempts).toBe(totals.succeeded * 2);
    expect(await moveStats(database)).toEqual({ hasMoved: true, isMore: true });
    expect(await read()).toEqual(before);
    await moveAll();
    expect(await read()).toEqual(before);
    const kept = await database.query<{ width_s: number; hours: number }[]>(
      `SELECT width_s, ceil(extract(epoch FROM now() - min(at)) / 3600)::int AS hours FROM stats_bucket
       GROUP BY width_s ORDER BY width_s`,
    );
    expect(kept).toEqual([
      { width_s: 60, hours: 2 },
      { width_s: 3_600, hours: 8 * 24 },
      { width_s: 86_400, hours: expect.any(Number) },
    ]);
    expect(kept[2]!.hours).toBeGreaterThan(31 * 24);
    expect(kept[2]!.hours).toBeLessThanOrEqual(32 * 24);
  });

  it('keep what ended since there were any when something is sent again that ended before', async () => {
    const webhookId = await makeWebhook(database, environmentId);
    const fail = async (count: number): Promise<LeasedDelivery[]> => {
      const events = Array.from({ length: count }, () => makeEvent(environmentId));
      const { leased } = await accept(database, events, { total: 1_000 });
      await settleDeliveries(
        database,
        leased.map((delivery) => settle(delivery, { kind: 'failed' }, 5)),
      );
      return leased;
    };
    const before = await fail(3);
    await database.query('TRUNCATE stats_entry');
    await database.query(`UPDATE delivery SET completed_at = now() - interval '61 days'`);
    await fail(2);
    for (const { id } of before) await requeueDelivery(database, environmentId, id);
    const { totals, success_rate } = await statsOf(webhookId, '1h');
    expect(totals).toEqual({ pending: 3, succeeded: 0, failed: 2, canceled: 0, attempts: 2 });
    expect(success_rate).toBe(0);
  });

  it('know every duration within 5 %', async () => {
    const steps = '(SELECT generate_series(0, 4095) UNION SELECT generate_series(4096, 200000, 61)) AS d (ms)';
    const rows = await database.query<{ ms: number; interval: number }[]>(
      `SELECT ms, ${latencyIntervalOf('ms')} AS interval FROM ${steps}`,
    );
    const off = rows.filter(
      ({ ms, interval }) => ms < 131_072 && Math.abs(middleOfInterval(interval) - ms) > ms * TOLERANCE,
    );
    expect(off).toEqual([]);
    expect(middleOfInterval(Math.max(...rows.map(({ interval }) => interval)))).toBe(131_072);
  });
});

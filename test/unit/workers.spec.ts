import type { MetricSnapshot } from '../../src/common/metric-snapshot.js';
import { AGGREGATORS, type Metric, METRICS } from '../../src/metrics/metric-table.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { ReadinessChecks, READINESS_CHECK_NAMES } from '../../src/common/readiness-checks.js';
import type { Config } from '../../src/config/config.js';
import { DatabaseTroubles } from '../../src/database/database-troubles.js';
import { ShutdownState } from '../../src/http/shutdown-state.js';
import { HealthService, worstOf } from '../../src/observability/health.service.js';
import { backOffMs, failuresAfter } from '../../src/workers/back-off.js';
import { addCounts } from '../../src/workers/departed-counts.js';
import { ANSWER_MS, type FromWorker } from '../../src/workers/messages.js';
import { argumentsOf, placementOf } from '../../src/workers/placement.js';
import { Siblings } from '../../src/workers/siblings.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';

describe('a worker that ends', () => {
  it('is started again after 1 to 30 seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(backOffMs)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('is forgiven what was before when it has lived for a minute', () => {
    expect(failuresAfter(5, 59_999)).toBe(6);
    expect(failuresAfter(5, 60_000)).toBe(1);
  });
});

describe('the place of a worker', () => {
  it('is told by the arguments of its program', () => {
    for (const isAlone of [false, true]) {
      const placement = { worker: 2, workers: 12, isAlone };
      expect(placementOf(argumentsOf(placement))).toEqual(placement);
    }
    for (const args of [[], ['migrate'], ['worker'], ['worker', 'x', 'of', '2']]) expect(placementOf(args)).toBeNull();
  });
});

describe('the metrics of several workers', () => {
  const table = Object.entries<Metric>(METRICS);
  const keysOf = (aggregator: string): string[] =>
    table.filter(([, metric]) => metric.aggregator === aggregator).map(([key]) => key);
  const valuesOfAll = async (snapshots: MetricSnapshot[][]) =>
    valuesOf(parsePrometheusText(await Metrics.renderAll(snapshots)));

  it('are added up, but for what is not of a worker', () => {
    for (const [, { type, aggregator }] of table) {
      expect(AGGREGATORS).toContain(aggregator);
      if (type !== 'gauge') expect(aggregator).toBe('sum');
    }
    expect(keysOf('max')).toEqual(['workersWanted']);
    expect(keysOf('first')).toEqual([
      'buildInfo',
      'clockOffset',
      'recoveriesRunning',
      'queueDeliveries',
      'queueOwed',
      'queueOldestDue',
      'endpoints',
      'partitionsAhead',
      'oldestDayAge',
    ]);
  });

  /** Counts, observes and reads `value` in the first series of each metric. */
  function workerWith(value: number): Metrics {
    const metrics = new Metrics();
    for (const [key, { type, labels = {} }] of table) {
      if (key === 'buildInfo') continue;
      const first = Object.fromEntries(
        Object.entries(labels).map(([name, values]) => [name, typeof values === 'string' ? 'x' : values[0]!]),
      ) as never;
      if (type === 'counter') metrics.counter(key as never, first).inc(value);
      else if (type === 'histogram') metrics.histogram(key as never, first).observe(value);
      else metrics.gauge(key as never, first, () => value);
    }
    return metrics;
  }

  it('become those of the whole, each by its own rule', async () => {
    const [asked, other] = [workerWith(3), workerWith(4)];
    const snapshots = [await asked.snapshot({ isAsked: true }), await other.snapshot({ isAsked: false })];
    const text = await Metrics.renderAll(snapshots);
    const families = parsePrometheusText(text);
    expect([...families.keys()]).toEqual(table.map(([, { name }]) => name));
    const values = valuesOf(families);
    const whole = { sum: 7, max: 4, first: 3 };
    for (const [key, { type, name, aggregator }] of table) {
      if (key === 'buildInfo') continue;
      const samples = families.get(name)!.samples;
      const told = samples.filter((sample) => sample.value !== 0 && !/_(bucket|count)$/.test(sample.name));
      expect([key, told.map(({ value }) => value)]).toEqual([key, [whole[type === 'gauge' ? aggregator : 'sum']]]);
    }
    expect(values['tidings_first_attempt_delay_seconds_count']).toBe(2);
    expect(values['tidings_first_attempt_delay_seconds_bucket{le="+Inf"}']).toBe(2);
  });

  it('keep what a worker counted that has ended, and not what it was doing', async () => {
    const ended = await workerWith(4).snapshot({ isAsked: true });
    const departed = addCounts(addCounts([], ended), ended);
    expect(departed.every(({ type }) => type !== 'gauge')).toBe(true);
    const values = await valuesOfAll([await workerWith(1).snapshot({ isAsked: true }), departed]);
    expect(values).toMatchObject({
      tidings_events_accepted_total: 9,
      tidings_events_waiting: 1,
      tidings_first_attempt_delay_seconds_count: 3,
      tidings_first_attempt_delay_seconds_sum: 9,
    });
  });
});

describe('the readiness of several workers', () => {
  it('is that of the worst', () => {
    const ok = { database: 'ok', storage: 'ok', migrations: 'ok', dispatcher: 'ok' } as const;
    const well = { status: 'ok', checks: ok, database_trouble: null } as const;
    const ill = {
      status: 'unavailable',
      checks: { ...ok, storage: 'unavailable' },
      database_trouble: 'full',
    } as const;
    expect(worstOf(well, well)).toEqual(well);
    expect(worstOf(well, { ...well, status: 'waiting' })).toMatchObject({ status: 'waiting' });
    expect(worstOf(ill, { ...well, status: 'waiting' })).toMatchObject({ status: 'unavailable' });
    expect(worstOf(well, ill)).toEqual(ill);
    expect(worstOf(ill, well)).toEqual(ill);
  });

  it('is told before a worker counts as one that hangs, though the database does not answer', async () => {
    const checks = new ReadinessChecks();
    for (const name of READINESS_CHECK_NAMES) checks.register(name, () => new Promise<boolean>(() => undefined));
    const answer = new Promise<FromWorker>((resolve) => {
      const siblings = new Siblings({ send: resolve });
      const config = { acceptWaitMs: 5_000 } as Config;
      new HealthService(checks, new ShutdownState(), new DatabaseTroubles(), config, siblings);
      siblings.receive({ kind: 'question', question: 1, topic: 'readiness' });
    });
    const askedAt = performance.now();
    // Events wait for it, so that is what is told.
    const value = expect.objectContaining({ status: 'waiting' });
    expect(await answer).toEqual({ kind: 'answer', question: 1, value });
    // What is left is for the way there and back.
    expect(performance.now() - askedAt).toBeLessThan(ANSWER_MS - 50);
  });
});

import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { HttpAdapter } from '../../src/http/http-adapter.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { QueueGauges } from '../../src/deliveries/engine/queue-gauges.js';
import { recordOutcomes } from '../../src/deliveries/queue/record-health.js';
import { METRICS, type Metric } from '../../src/metrics/metric-table.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook, tallyOf } from '../support/delivery-fixtures.js';
import { type MetricFamily, parsePrometheusText, valuesOf } from '../support/prometheus-text.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

describe('the metrics of a replica', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;

  beforeEach(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, { RETRY_SCHEDULE: '1s', IN_FLIGHT_LIMIT: '64' });
    receiver = await Receiver.start();
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'metrics', allow_duplicate_name: true },
    });
    environmentId = body.id;
  });
  afterEach(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  const scrape = async (): Promise<Map<string, MetricFamily>> => {
    const response = await replica.nest.inject({ url: '/metrics' });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
    return parsePrometheusText(response.body);
  };
  const values = async () => valuesOf(await scrape());
  const createWebhook = async (path: string, eventType: string): Promise<string> => {
    const body = { target_url: receiver.url(path), event_types: [eventType] };
    return (await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body })).body.id;
  };
  const publish = async (eventType: string, headers: Record<string, string> = {}): Promise<void> => {
    const body = { event_type: eventType, payload: {} };
    expect(await replica.call('POST', '/event', { environmentId, body, headers })).toMatchObject({ status: 202 });
  };
  /** Deliveries have ended on this replica, and it has nothing more to do. */
  const finished = (count: number): Promise<Record<string, number>> =>
    until(`${count} finished deliveries`, async () => {
      const found = await values();
      const ended = Object.entries(found).filter(([name]) =>
        /^tidings_deliveries_(succeeded|failed|canceled)/.test(name),
      );
      const isDone = ended.reduce((sum, [, value]) => sum + value, 0) === count;
      return isDone && found['tidings_deliveries_in_flight'] === 0 && found;
    });

  it('count what happened, exactly', async () => {
    receiver.respondWith(({ path }) =>
      path === '/fails' ? 503 : path === '/gone' ? 410 : path === '/cut' ? 'reset' : 200,
    );
    await createWebhook('/works', 'record:created');
    await createWebhook('/fails', 'record:updated');
    await createWebhook('/gone', 'record:deleted');
    await createWebhook('/cut', 'batch_job:failed');
    const stopped = await createWebhook('/later', 'batch_job:completed');
    await publish('record:created', { 'idempotency-key': 'once' });
    await publish('record:created', { 'idempotency-key': 'once' });
    await publish('record:created');
    await replica.call('POST', '/event/batch', {
      environmentId,
      body: { events: Array.from({ length: 3 }, () => ({ event_type: 'record:created', payload: {} })) },
    });
    await publish('record:updated');
    await publish('record:deleted');
    await publish('batch_job:failed');
    await finished(8);
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at)
       SELECT uuid_v7(now()), $1, $2, $3, 'batch_job:completed', now(), now() + interval '1 hour'
       FROM generate_series(1, 3)`,
      [environmentId, uuidV7(), stopped],
    );
    await replica.call('DELETE', `/webhook/${stopped}`, { environmentId });

    // Background work has the only connection of the pipeline now and then.
    const found = await until('nothing that waits for a connection', async () => {
      const now = await values();
      return now['tidings_database_waiting{pool="pipeline"}'] === 0 && now;
    });
    expect(found).toMatchObject({
      tidings_events_accepted_total: 8,
      tidings_events_refused_total: 0,
      tidings_events_waiting: 0,
      tidings_deliveries_succeeded_total: 5,
      tidings_deliveries_failed_total: 2,
      'tidings_deliveries_canceled_total{reason="webhook_inactive"}': 1,
      'tidings_deliveries_canceled_total{reason="webhook_deleted"}': 3,
      'tidings_deliveries_canceled_total{reason="stopped"}': 0,
      tidings_deliveries_rescued_total: 0,
      tidings_deliveries_in_flight: 0,
      tidings_results_waiting: 0,
      tidings_results_late_total: 0,
      'tidings_attempt_duration_seconds_count{outcome="succeeded"}': 5,
      'tidings_attempt_duration_seconds_count{outcome="failed"}': 5,
      'tidings_attempts_failed_total{reason="status_5xx"}': 2,
      'tidings_attempts_failed_total{reason="status_4xx"}': 1,
      'tidings_attempts_failed_total{reason="reset"}': 2,
      'tidings_attempts_failed_total{reason="timeout"}': 0,
      tidings_first_attempt_delay_seconds_count: 8,
      'tidings_database_connections_limit{pool="requests"}': 2,
      'tidings_database_connections_limit{pool="pipeline"}': 1,
      'tidings_database_connections_limit{pool="access"}': 1,
      'tidings_database_waiting{pool="requests"}': 0,
      'tidings_database_waiting{pool="pipeline"}': 0,
      'tidings_http_request_duration_seconds_count{method="POST",route="/event",status="2xx"}': 6,
      'tidings_http_request_duration_seconds_count{method="DELETE",route="/webhook/:id",status="2xx"}': 1,
    });
    expect(found['tidings_first_attempt_delay_seconds_sum']).toBeLessThan(60);
    expect(found['nodejs_eventloop_lag_seconds']).toBeGreaterThanOrEqual(0);
    expect(found['process_cpu_seconds_total']).toBeGreaterThan(0);
  });

  it('time first attempts that were sent, and leave out those that got no connection', async () => {
    const closed = await Receiver.start();
    const body = { target_url: closed.url('/'), event_types: ['record:updated'] };
    await closed.close();
    await createWebhook('/works', 'record:created');
    await replica.call('POST', '/webhook', { environmentId, body });
    await publish('record:updated');
    await publish('record:created');
    const found = await finished(2);
    expect(found).toMatchObject({
      'tidings_attempts_failed_total{reason="connect_error"}': 2,
      tidings_first_attempt_delay_seconds_count: 1,
    });
  });

  it('show what is in flight while it is', async () => {
    receiver.respondWith(() => ({ status: 200, delayMs: 1_000 }));
    await createWebhook('/slow', 'record:created');
    await publish('record:created');
    await receiver.waitFor(1);
    expect(await values()).toMatchObject({ tidings_deliveries_in_flight: 1, tidings_deliveries_in_flight_limit: 64 });
    await finished(1);
  });

  it('count leases that were lost, and what ended with them', async () => {
    const webhookId = await makeWebhook(test.dataSource, environmentId, { isActive: false });
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at,
         lease, leased_by, leased_until, lost_leases, cancel_reason)
       SELECT uuid_v7(now()), $1, $2, $3, 'record:created', now(), now(),
         uuid_v7(now()), uuid_v7(now()), now() - interval '1 hour', 4 * (n % 2),
         CASE n WHEN 2 THEN 'webhook_inactive' END
       FROM generate_series(1, 3) n`,
      [environmentId, uuidV7(), webhookId],
    );
    const found = await until('the rescue', async () => {
      const seen = await values();
      return seen['tidings_deliveries_rescued_total'] === 3 && seen;
    });
    expect(found).toMatchObject({
      tidings_deliveries_failed_total: 2,
      'tidings_deliveries_canceled_total{reason="webhook_inactive"}': 1,
      'tidings_attempts_failed_total{reason="worker_lost"}': 2,
    });
  });

  it('tell for how many days events can be stored, and how old the oldest day is', async () => {
    expect(await values()).toMatchObject({
      tidings_partitions_ahead_days: 7,
      tidings_oldest_retained_day_age_days: 1,
    });
  });

  it('are answered while the replica stops', async () => {
    (replica.nest.getHttpAdapter() as unknown as HttpAdapter).beforeClose();
    expect((await replica.nest.inject({ url: '/me' })).statusCode).toBe(503);
    expect((await replica.nest.inject({ url: '/metricsx' })).statusCode).toBe(503);
    expect(await values()).toMatchObject({ tidings_deliveries_in_flight: 0 });
  });

  it('have no series but those of the table, whatever is asked for', async () => {
    await Promise.all([
      replica.nest.inject({ url: `/webhook/${uuidV7()}` }),
      replica.nest.inject({ url: `/no/such/${uuidV7()}` }),
      replica.nest.inject({ url: '/event', method: 'OPTIONS' }),
      replica.nest.inject({ url: `/metrics?${uuidV7()}` }),
    ]);
    const families = await scrape();
    const routes = new Set<string>();
    for (const metric of Object.values<Metric>(METRICS)) {
      for (const { labels } of families.get(metric.name)!.samples) {
        const { le: _le, ...own } = labels;
        expect(Object.keys(own)).toEqual(Object.keys(metric.labels ?? {}));
        for (const [label, value] of Object.entries(own)) {
          const known = metric.labels![label]!;
          if (typeof known !== 'string') expect(known).toContain(value);
          else if (label === 'route') routes.add(value);
        }
      }
    }
    const others = [...families.keys()].filter((name) => !/^(tidings|process|nodejs)_/.test(name));
    expect(others).toEqual([]);
    expect([...routes].sort()).toEqual(['/environment', '/metrics', '/webhook/:id', 'none']);
  });
});

describe('the gauges of the queue', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
  });
  beforeEach(async () => {
    await database.query('TRUNCATE delivery_queue, webhook_health');
    environmentId = await makeEnvironment(database);
  });
  afterAll(() => test.close());

  const gauges = (): (() => Promise<Record<string, number>>) => {
    const metrics = new Metrics();
    new QueueGauges(database, metrics);
    return async () => valuesOf(parsePrometheusText(await metrics.render()));
  };
  const enqueue = (webhookId: string, count: number, dueIn: string, columns: Record<string, string> = {}) => {
    const row = {
      delivery_id: 'uuid_v7(now())',
      environment_id: '$1',
      webhook_id: '$2',
      event_id: 'uuid_v7(now())',
      event_type: `'record:created'`,
      created_at: 'now()',
      due_at: 'now() + $3::interval',
      ...columns,
    };
    return database.query(
      `INSERT INTO delivery_queue (${Object.keys(row).join()})
       SELECT ${Object.values(row).join()} FROM generate_series(1, $4::int)`,
      [environmentId, webhookId, dueIn, count],
    );
  };
  const fail = async (webhookId: string, failures: number, pauseMs: number | null = null): Promise<void> => {
    await recordOutcomes(database, [tallyOf(webhookId, { failures, pauseMs })], 64);
    await database.query(`UPDATE webhook_health SET failing_since = now() - interval '2 minutes'`);
    if (failures >= 20) await recordOutcomes(database, [tallyOf(webhookId, { failures: 1, pauseMs })], 64);
  };

  it('tell due, held, later and leased deliveries apart, and how long the oldest is due that is not held', async () => {
    const [well, failing, down, paused] = [
      await makeWebhook(database, environmentId),
      await makeWebhook(database, environmentId),
      await makeWebhook(database, environmentId),
      await makeWebhook(database, environmentId),
    ] as const;
    await fail(failing, 3);
    await fail(down, 20);
    await fail(paused, 0, 60_000);
    await enqueue(well, 4, '-90 seconds');
    await enqueue(failing, 1, '-30 seconds', { failures: '3' });
    await enqueue(well, 2, '1 hour');
    await enqueue(well, 3, '-1 hour', { lease: 'uuid_v7(now())', leased_by: 'uuid_v7(now())', leased_until: 'now()' });
    await enqueue(down, 5, '-2 hours', { failures: '2' });
    // A first retry keeps its time, and what was asked for is not held.
    await enqueue(down, 1, '-1 second', { failures: '1' });
    await enqueue(paused, 6, '-2 hours', { failures: '1' });
    await enqueue(paused, 1, '-1 second', { is_forced: 'true' });

    const found = await gauges()();
    expect(found).toMatchObject({
      'tidings_queue_deliveries{state="due"}': 7,
      'tidings_queue_deliveries{state="held"}': 11,
      'tidings_queue_deliveries{state="later"}': 2,
      'tidings_queue_deliveries{state="leased"}': 3,
      'tidings_endpoints{state="failing"}': 1,
      'tidings_endpoints{state="down"}': 1,
      'tidings_endpoints{state="paused"}': 1,
    });
    expect(found['tidings_queue_oldest_due_seconds']).toBeGreaterThanOrEqual(90);
    expect(found['tidings_queue_oldest_due_seconds']).toBeLessThan(100);
  });

  it('are zero for an empty queue', async () => {
    expect(await gauges()()).toMatchObject({
      'tidings_queue_deliveries{state="due"}': 0,
      'tidings_queue_deliveries{state="later"}': 0,
      tidings_queue_oldest_due_seconds: 0,
    });
  });

  it('are estimated from a sample when the queue is large, the oldest from the index', async () => {
    await enqueue(uuidV7(), 1, '-1 hour');
    for (let n = 0; n < 20; n++) await enqueue(uuidV7(), 2_000, '-1 minute');
    await enqueue(uuidV7(), 20_000, '1 hour');
    const query = jest.spyOn(database, 'query');
    const found = await gauges()();
    const [statement] = query.mock.calls.at(-1)!;
    query.mockRestore();
    // Six standard deviations of a sample of 128 pages.
    const near = (count: number) => ({ min: count * 0.45, max: count * 1.55 });
    for (const [state, { min, max }] of [
      ['due', near(40_001)],
      ['later', near(20_000)],
    ] as const) {
      expect(found[`tidings_queue_deliveries{state="${state}"}`]).toBeGreaterThan(min);
      expect(found[`tidings_queue_deliveries{state="${state}"}`]).toBeLessThan(max);
    }
    expect(found['tidings_queue_oldest_due_seconds']).toBeGreaterThanOrEqual(3_600);

    const plan = await database.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${statement}`);
    const scans = plan.map((row) => row['QUERY PLAN']).filter((line) => /on delivery_queue\b/.test(line));
    expect(scans.filter((line) => !/Sample Scan|Index (Only )?Scan/.test(line))).toEqual([]);
  });

  it('are read once by scrapes that come together or soon after', async () => {
    const scrape = gauges();
    const query = jest.spyOn(database, 'query');
    await Promise.all([scrape(), scrape(), scrape()]);
    await scrape();
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
  });

  it('are absent while the database hangs, and no scrape waits for it', async () => {
    const scrape = gauges();
    const other = await test.connectClient();
    await other.query('BEGIN');
    await other.query('LOCK TABLE delivery_queue IN ACCESS EXCLUSIVE MODE');
    const query = jest.spyOn(database, 'query');
    try {
      const startedAt = performance.now();
      const [found] = await Promise.all([scrape(), scrape()]);
      await scrape();
      expect(performance.now() - startedAt).toBeLessThan(6_000);
      expect(Object.keys(found).filter((name) => /tidings_(queue|endpoints)/.test(name))).toEqual([]);
      expect(found).toMatchObject({ tidings_events_accepted_total: 0 });
      expect(query).toHaveBeenCalledTimes(1);
    } finally {
      query.mockRestore();
      await other.query('ROLLBACK');
    }
    await until('the gauges', async () => (await scrape())['tidings_queue_oldest_due_seconds'] === 0);
  });

  it('are absent when the database refuses', async () => {
    const metrics = new Metrics();
    new QueueGauges({ query: () => Promise.reject(new Error('down')) } as unknown as DataSource, metrics);
    const found = valuesOf(parsePrometheusText(await metrics.render()));
    expect(Object.keys(found).filter((name) => /tidings_(queue|endpoints)/.test(name))).toEqual([]);
  });
});

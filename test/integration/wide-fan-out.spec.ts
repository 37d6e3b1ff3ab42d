import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { LookingPace } from '../../src/common/looking-pace.js';
import { PIPELINE } from '../../src/database/data-sources.js';
import { OwnSession } from '../../src/database/own-session.js';
import { deferEvents } from '../../src/deliveries/intake/defer-events.js';
import { INLINE_DELIVERIES } from '../../src/deliveries/intake/fan-out-forecast.js';
import { takeReplicaLock } from '../../src/deliveries/queue/replica-locks.js';
import { touchReplica } from '../../src/deliveries/queue/replicas.js';
import { SubscriberCounts } from '../../src/webhooks/subscriber-counts.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeEvent, makeWebhook } from '../support/delivery-fixtures.js';
import { SERVER_URL } from '../support/process.js';
import { until } from '../support/wait.js';

interface Answer {
  code: string;
  result: { id: string }[];
  details: Record<string, unknown>;
}

/** A replica's heartbeat and a look at the locks of the others come in this time. */
const SEEN_MS = 2_500;

/** Attempts at once. */
const IN_FLIGHT = 1;

/** Publishing for a second at 20/s. */
const NEIGHBOURS = 20;
const NEIGHBOUR_EVERY_MS = 50;

describe('a batch that owes very many deliveries', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  beforeEach(async () => {
    test = await createTestDatabase();
  });
  afterEach(async () => {
    await replica.close();
    await test.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    replica = await startReplica(test, { IN_FLIGHT_LIMIT: String(IN_FLIGHT), ...env });
    // Each statement is planned when it first runs, for which a slow machine may answer 503.
    const environmentId = await makeWide(21);
    for (const count of [1, 100]) {
      await until('it to be warm', async () => (await publish(environmentId, members(count))).status === 202);
    }
    await until('what warmed it', async () => (await made(environmentId)).all >= 21 * 101, 60_000);
  };
  const makeWide = async (webhooks: number): Promise<string> => {
    const environmentId = await makeEnvironment(test.dataSource);
    await makeWebhook(test.dataSource, environmentId);
    await test.dataSource.query(
      `INSERT INTO webhook (id, environment_id, target_url, is_active, created_at, updated_at)
       SELECT uuid_v7(now()), $1, 'https://example.com/webhook', true, now(), now() FROM generate_series(2, $2)`,
      [environmentId, webhooks],
    );
    await test.dataSource.query(
      `INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, is_deleted, changed_by,
         changed_at)
       SELECT environment_id, id, revision, target_url, is_active, false, 'admin', created_at
       FROM webhook WHERE environment_id = $1`,
      [environmentId],
    );
    return environmentId;
  };
  const member = (n: number, idempotency_key?: string) => ({
    event_type: 'record:created',
    payload: { n },
    ...(idempotency_key && { idempotency_key }),
  });
  const members = (count: number) => Array.from({ length: count }, (_, n) => member(n));
  const publish = (environmentId: string, events: unknown[]) =>
    replica.call<Answer>('POST', '/event/batch', { environmentId, body: { events } });
  const stored = async (environmentId: string): Promise<number> => {
    const [row] = await test.dataSource.query<[{ events: number }]>(
      `SELECT count(*)::int AS events FROM event WHERE environment_id = $1`,
      [environmentId],
    );
    return row.events;
  };
  /** Asked for until a count has ended in time: before, nothing is known. */
  const pending = (environmentId: string): Promise<number> =>
    until('the count', async () => {
      type Stats = { totals: { pending: number }; is_pending_estimated?: boolean };
      const { status, body } = await replica.call<Stats>('GET', '/stats', { environmentId });
      return status === 200 && (body.totals.pending > 0 || !body.is_pending_estimated) && body.totals.pending;
    });
  /** Pairs of event and webhook that have become deliveries, and those that are distinct. */
  const made = async (environmentId: string): Promise<{ all: number; distinct: number }> => {
    const [row] = await test.dataSource.query<[{ all: number; distinct: number }]>(
      `SELECT count(*)::int AS all, count(DISTINCT (event_id, webhook_id))::int AS distinct FROM (
         SELECT event_id, webhook_id FROM delivery_queue WHERE environment_id = $1
         UNION ALL SELECT event_id, webhook_id FROM delivery WHERE environment_id = $1
       ) made`,
      [environmentId],
    );
    return row;
  };

  it('is taken at once, and owes each webhook each event once', async () => {
    await start();
    const environmentId = await makeWide(300);
    const { status, body } = await publish(environmentId, members(20));
    expect(status).toBe(202);
    expect(body.result).toHaveLength(20);
    const owed = 20 * 300;
    // What is a delivery already and what is none yet, together; what has become one in between counts twice.
    expect(await pending(environmentId)).toBeGreaterThanOrEqual(owed);
    await until('the deliveries', async () => (await made(environmentId)).all === owed, 60_000);
    expect((await made(environmentId)).distinct).toBe(owed);
    expect(await test.dataSource.query('SELECT 1 FROM fan_out')).toEqual([]);
  });

  (SERVER_URL ? it : it.skip)('is made at once by another replica when the one that took it is killed', async () => {
    // Nobody looks by the clock: what wakes the survivor is the death.
    const never = jest.spyOn(LookingPace.prototype, 'waitMs', 'get').mockReturnValue(3_600_000);
    const killed = await OwnSession.open(test.url);
    try {
      replica = await startReplica(test);
      const id = randomUUID();
      await touchReplica(test.dataSource, id, await takeReplicaLock(killed, id));
      const environmentId = await makeWide(3);
      await deferEvents(test.dataSource, [makeEvent(environmentId), makeEvent(environmentId)]);
      await delay(SEEN_MS);
      expect((await made(environmentId)).all).toBe(0);
      await killed.close();
      await until('the deliveries', async () => (await made(environmentId)).all === 6);
    } finally {
      await killed.close();
      never.mockRestore();
    }
  });

  it('of a million is taken while another environment publishes 20 a second and is answered', async () => {
    await start({ DATABASE_POOL_SIZE: '8' });
    const environmentId = await makeWide(1_000);
    const neighbour = await makeWide(1);
    const answers: Promise<{ status: number; tookMs: number }>[] = [];
    const ask = async (): Promise<{ status: number; tookMs: number }> => {
      const startedAt = performance.now();
      const { status } = await replica.call('POST', '/event', { environmentId: neighbour, body: member(0) });
      return { status, tookMs: performance.now() - startedAt };
    };
    const batch = publish(environmentId, members(1_000));
    const timer = setInterval(() => answers.push(ask()), NEIGHBOUR_EVERY_MS);
    await until('the neighbour to have asked', () => answers.length >= NEIGHBOURS);
    clearInterval(timer);
    expect((await batch).status).toBe(202);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(await stored(environmentId)).toBe(1_000);
    // Deliveries are being made meanwhile, a part at a time.
    await until('the first deliveries', async () => (await made(environmentId)).all > 0);
    expect((await made(environmentId)).all).toBeLessThan(1_000_000);
    // So many are counted in several statements: an attempt that ends between two of them is missed, and one is in flight.
    expect(await pending(environmentId)).toBeGreaterThanOrEqual(1_000_000 - IN_FLIGHT);
  });

  it('is taken or refused as a whole where its events have keys', async () => {
    await start();
    const environmentId = await makeWide(100);
    const keyed = (from: number) => Array.from({ length: 60 }, (_, n) => member(from + n, `key-${n}`));
    const first = await publish(environmentId, keyed(0));
    const again = await publish(environmentId, [...keyed(0), member(60)]);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body.result.slice(0, 60)).toEqual(first.body.result);
    const conflict = await publish(environmentId, [...members(60), member(99, 'key-1')]);
    expect([conflict.status, conflict.body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    expect(await stored(environmentId)).toBe(61);
    const owed = 61 * 100;
    await until('the deliveries', async () => (await made(environmentId)).all >= owed, 60_000);
    expect(await made(environmentId)).toEqual({ all: owed, distinct: owed });
  });

  it('is refused for good when it alone owes more than may be pending, and nothing of it is stored', async () => {
    await start({ PENDING_DELIVERIES_PER_ENVIRONMENT: '6000' });
    const environmentId = await makeWide(100);
    for (const events of [members(61), members(61).map((each) => ({ ...each, idempotency_key: randomUUID() }))]) {
      const { status, body } = await publish(environmentId, events);
      expect([status, body.code]).toEqual([422, 'FAN_OUT_TOO_LARGE']);
      expect(body.details).toEqual({ deliveries: 6_100, limit: 6_000 });
    }
    expect(await stored(environmentId)).toBe(0);
    expect((await publish(environmentId, members(60))).status).toBe(202);
  });

  it('is refused for now when with what is pending it would be too much, until that is less', async () => {
    await start({ PENDING_DELIVERIES_PER_ENVIRONMENT: '5000' });
    const environmentId = await makeWide(100);
    expect((await publish(environmentId, members(30))).status).toBe(202);
    const second = await publish(environmentId, members(30));
    expect([second.status, second.body.code]).toEqual([429, 'PENDING_LIMIT_REACHED']);
    expect(Number(second.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await stored(environmentId)).toBe(30);
    const elsewhere = await makeWide(100);
    expect((await publish(elsewhere, members(30))).status).toBe(202);
    await until('the deliveries to be made', async () => (await made(environmentId)).all === 3_000, 60_000);
    await test.dataSource.query('DELETE FROM delivery_queue WHERE environment_id = $1', [environmentId]);
    await until('the batch to be taken', async () => (await publish(environmentId, members(30))).status === 202);
  });

  it('shows what it owes as pending, by event and by webhook', async () => {
    await start();
    const environmentId = await makeWide(100);
    const { body } = await publish(environmentId, members(1_000));
    const last = body.result.at(-1)!.id;
    const event = await replica.call<{ deliveries: unknown }>('GET', `/event/${last}`, { environmentId });
    expect(event.body.deliveries).toEqual({ pending: 100, succeeded: 0, failed: 0, canceled: 0 });
    const webhooks = await replica.call<{ result: unknown[] }>('GET', `/event/${last}/webhooks?limit=1`, {
      environmentId,
    });
    expect(webhooks.body.result).toEqual([
      { webhook_id: expect.any(String) as string, delivery_id: null, status: 'pending', reason: null },
    ]);
  });

  it('may as well be many requests of one event each: no statement makes more than it may', async () => {
    await start();
    const environmentId = await makeWide(100);
    // Each statement is planned the first time it runs, on each connection.
    expect((await publish(environmentId, members(1))).status).toBe(202);
    expect((await publish(environmentId, members(30))).status).toBe(202);
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    // A slow machine answers some 503, and they are repeated.
    const publishUntilTaken = (n: number): Promise<unknown> => {
      const headers = { 'idempotency-key': `key-${n}` };
      return until('the event to be taken', async () => {
        const { status } = await replica.call('POST', '/event', { environmentId, body: member(n), headers });
        expect([202, 503]).toContain(status);
        return status === 202;
      });
    };
    await Promise.all(Array.from({ length: 60 }, (_, n) => publishUntilTaken(n)));
    const accepting = query.mock.calls.filter(([sql]) => sql.includes('accept_events'));
    query.mockRestore();
    for (const [, parameters] of accepting) {
      const [ids] = parameters as [Buffer];
      expect(ids.readInt32BE(12) * 100).toBeLessThanOrEqual(INLINE_DELIVERIES);
    }
    await until('the deliveries', async () => (await made(environmentId)).all === 9_100, 60_000);
    expect((await made(environmentId)).distinct).toBe(9_100);
  });

  it('is known to be one by counting webhooks by their types, once a second', async () => {
    await start();
    const environmentId = await makeEnvironment(test.dataSource);
    const empty = await makeEnvironment(test.dataSource);
    await makeWebhook(test.dataSource, environmentId);
    await makeWebhook(test.dataSource, environmentId, { isActive: false });
    await makeWebhook(test.dataSource, environmentId, { eventTypes: ['record:created', 'record:updated'] });
    await makeWebhook(test.dataSource, environmentId, { eventTypes: ['record:created'] });
    const subscribers = replica.nest.get(SubscriberCounts);
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    const counts = await subscribers.of([environmentId, empty, environmentId]);
    await subscribers.of([empty, environmentId]);
    const counting = query.mock.calls.filter(([sql]) => sql.includes('w.is_active'));
    query.mockRestore();
    expect(counting).toHaveLength(1);
    const of = (type: string): number => counts.get(environmentId)!.of(type);
    expect([of('record:created'), of('record:updated'), of('record:deleted')]).toEqual([3, 2, 1]);
    expect(counts.get(empty)!.of('record:created')).toBe(0);
  });
});

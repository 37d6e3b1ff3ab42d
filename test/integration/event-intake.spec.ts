import { jest } from '@jest/globals';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type DataSource, QueryFailedError, type Repository } from 'typeorm';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { ACCESS, INTAKE, PIPELINE } from '../../src/database/data-sources.js';
import { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import { DeliveryIntake } from '../../src/deliveries/intake/delivery-intake.js';
import { SmallPublishers } from '../../src/deliveries/intake/small-publishers.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { trimIdempotencyKeys } from '../../src/idempotency/idempotency-keys.repository.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent, makeWebhook } from '../support/delivery-fixtures.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

interface Published {
  id: string;
  code: string;
  result: { id: string }[];
  details: { failures: { field: string }[] };
}

/** Of an array in PostgreSQL's binary format. */
const lengthOf = (array: Buffer): number => array.readInt32BE(12);

describe('taking events in', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let intake: EventIntake;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test);
    intake = replica.nest.get(EventIntake);
  });
  beforeEach(async () => {
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'intake', allow_duplicate_name: true },
    });
    environmentId = body.id;
  });
  afterAll(async () => {
    await replica.close();
    await test.close();
  });

  const publish = (body: unknown, key?: string) =>
    replica.call<Published>('POST', '/event', {
      environmentId,
      body,
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  const publishBatch = (events: unknown[]) =>
    replica.call<Published>('POST', '/event/batch', { environmentId, body: { events } });
  const stored = async (): Promise<number> => {
    const rows = await test.dataSource.query('SELECT id FROM event WHERE environment_id = $1', [environmentId]);
    return (rows as unknown[]).length;
  };
  /** Nothing is in flight, and no claim takes room until the mock is restored: claims look whenever they want to. */
  const withoutClaims = async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    const claims = jest.spyOn(capacity, 'reserveForClaim').mockReturnValue(null);
    await until('room to be free', () => capacity.free === capacity.limit);
    return { capacity, claims };
  };
  /** Those who have published little lately do not wait for room. */
  const publishMuch = () => intake.accept(Array.from({ length: 1_000 }, () => makeEvent(environmentId)));
  const member = (n: number, idempotency_key?: string) => ({
    event_type: 'record:created',
    payload: { n },
    ...(idempotency_key && { idempotency_key }),
  });

  it('fails alone what the database refuses, and takes what arrived with it', async () => {
    const good = [makeEvent(environmentId), makeEvent(environmentId)];
    const bad = makeEvent(environmentId, { payload: '{"nul":"\0"}' });
    const outcomes = await Promise.allSettled([
      intake.accept([good[0]!]),
      intake.accept([bad]),
      intake.accept([good[1]!]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).toBe(2);
  });

  it('names the payload that is too large, and takes none of its batch', async () => {
    const event = { event_type: 'record:created', payload: { pad: 'x'.repeat(262_144) } };
    const single = await publish(event);
    expect([single.status, single.body.details.failures]).toMatchObject([413, [{ field: 'payload' }]]);
    const batch = await publishBatch([member(1), event]);
    expect([batch.status, batch.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(batch.body.details.failures).toEqual([{ field: 'events.1.payload', message: 'is over 262144 bytes' }]);
    expect(await stored()).toBe(0);
  });

  it('refuses what would make the queue before the statement too long', async () => {
    const event = makeEvent(environmentId);
    expect(() => intake.accept(Array.from({ length: 20_001 }, () => event))).toThrow(
      expect.objectContaining({ code: 'DATABASE_BUSY', headers: { 'Retry-After': '1' } }) as Error,
    );
    const large = makeEvent(environmentId, { payload: 'x'.repeat(64 * 1024 * 1024 + 1) });
    expect(() => intake.accept([large])).toThrow(expect.objectContaining({ code: 'DATABASE_BUSY' }) as Error);
    expect((await publish(member(1))).status).toBe(202);
  });

  it.each([
    ['as many groups as find room', 300, [200, 200, 200]],
    ['as many as one statement takes', 1_024, [500, 100]],
    ['all the same after a moment without room', 0, [500, 100]],
  ])('takes %s at once', async (_, room, sizes) => {
    const { capacity, claims } = await withoutClaims();
    // Nobody else publishes, as those of the tests before still may.
    const others = jest.spyOn(SmallPublishers.prototype, 'areActive').mockReturnValue(false);
    await publishMuch();
    const taken = capacity.reserve(capacity.limit - room);
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    try {
      const groups = Array.from({ length: 6 }, () => Array.from({ length: 100 }, () => makeEvent(environmentId)));
      await Promise.all(groups.map((group) => intake.accept(group)));
      const accepting = query.mock.calls.filter(([sql]) => sql.includes('accept_events'));
      expect(accepting.map(([, parameters]) => lengthOf((parameters as [Buffer])[0]))).toEqual(sizes);
      expect(await stored()).toBe(1_600);
    } finally {
      others.mockRestore();
      query.mockRestore();
      taken.release();
      claims.mockRestore();
    }
  });

  it('takes fewer at once when each makes several deliveries', async () => {
    for (let n = 0; n < 3; n++) await makeWebhook(test.dataSource, environmentId);
    const group = (count: number) => Array.from({ length: count }, () => makeEvent(environmentId));
    // It takes some statements to know.
    for (let n = 0; n < 20; n++) await intake.accept(group(10));
    const { capacity, claims } = await withoutClaims();
    const taken = capacity.reserve(capacity.limit - 300);
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    try {
      await Promise.all(Array.from({ length: 4 }, () => intake.accept(group(40))));
      const accepting = query.mock.calls.filter(([sql]) => sql.includes('accept_events'));
      expect(accepting.map(([, parameters]) => lengthOf((parameters as [Buffer])[0]))[0]).toBe(80);
    } finally {
      query.mockRestore();
      taken.release();
      claims.mockRestore();
    }
  });

  it('does not wait for the end of an attempt when room that was set aside is given back', async () => {
    const { capacity, claims } = await withoutClaims();
    // Not for an intake: of that half is left to what waits, if the last claim of the test before left something.
    const aside = capacity.reserve(capacity.freeFor([environmentId]));
    const rest = capacity.reserve(capacity.free);
    try {
      const fitting = capacity.waitForRoom([environmentId], 10);
      aside.release();
      const room = capacity.freeFor([environmentId]);
      expect(await Promise.race([fitting, delay(50, 'late')])).toBe((room * 15) / 16);
      expect(room).toBeGreaterThan(800);
    } finally {
      rest.release();
      claims.mockRestore();
    }
  });

  it('makes the partitions of a day that has none, and loses nothing', async () => {
    const [{ name }] = await test.dataSource.query(`SELECT tableoid::regclass::text AS name FROM event WHERE id = $1`, [
      (await publish(member(1))).body.id,
    ]);
    await test.dataSource.query(`DROP TABLE ${name}`);
    expect((await publish(member(2))).status).toBe(202);
    expect(await stored()).toBe(1);
  });

  describe('while the database is away', () => {
    const BROKEN = 'Connection terminated unexpectedly';
    const metrics = async () => valuesOf(parsePrometheusText(await replica.nest.get(Metrics).render()));
    const metric = async () => {
      const values = await metrics();
      return [values['tidings_events_accepted_total']!, values['tidings_events_refused_total']!];
    };
    /** The connection of the next so many statements that store events breaks, before or after their commit. */
    function breakConnections(times: number, isCommitted: boolean): { mockRestore(): void } {
      let left = times;
      const broken = async <T>(work: () => Promise<T>): Promise<T> => {
        if (left === 0) return work();
        left -= 1;
        if (isCommitted) await work();
        throw new Error(BROKEN);
      };
      // A small pool is both.
      const dataSources = new Set(
        [PIPELINE, INTAKE].map((name) => replica.nest.get<DataSource>(getDataSourceToken(name))),
      );
      const spies = [...dataSources].flatMap((dataSource) => {
        const query = dataSource.query.bind(dataSource) as (...args: unknown[]) => Promise<unknown>;
        const transaction = dataSource.transaction.bind(dataSource) as (...args: unknown[]) => Promise<unknown>;
        return [
          jest
            .spyOn(dataSource, 'query')
            .mockImplementation((sql, ...rest: unknown[]) =>
              sql.includes('accept_events') ? broken(() => query(sql, ...rest)) : query(sql, ...rest),
            ),
          jest
            .spyOn(dataSource, 'transaction')
            .mockImplementation((...args: unknown[]) => broken(() => transaction(...args))),
        ];
      });
      return { mockRestore: () => spies.forEach((spy) => spy.mockRestore()) };
    }

    it.each([
      ['before it committed', false],
      ['after it committed', true],
    ])('answers and stores once what was in a statement whose connection broke %s', async (_, isCommitted) => {
      await publish(member(0), 'used');
      const [accepted, refused] = await metric();
      const breaking = breakConnections(3, isCommitted);
      try {
        const answers = await Promise.all([
          publish(member(1)),
          publish(member(2), 'k'),
          publish(member(0), 'used'),
          publishBatch([member(3), member(4)]),
          publishBatch([member(5), member(6, 'a'), member(0, 'used')]),
        ]);
        expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(202));
        expect(await stored()).toBe(7);
        const ids = answers.flatMap(({ body }) => body.result?.map(({ id }) => id) ?? [body.id]);
        const { body: events } = await replica.call<{ result: { id: string }[] }>('GET', '/event', { environmentId });
        expect(new Set(ids)).toEqual(new Set(events.result.map(({ id }) => id)));
      } finally {
        breaking.mockRestore();
      }
      const after = await metric();
      expect([after[0]! - accepted!, after[1]! - refused!]).toEqual([6, 0]);
    });

    it('sends what a statement had leased whose answer was lost', async () => {
      const receiver = await Receiver.start();
      try {
        const body = { target_url: receiver.url() };
        expect((await replica.call('POST', '/webhook', { environmentId, body })).status).toBe(201);
        const breaking = breakConnections(1, true);
        const { body: published } = await publish(member(1));
        breaking.mockRestore();
        await receiver.waitFor(1, 30_000);
        expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([published.id]);
      } finally {
        await receiver.close();
      }
    });

    it('refuses, once ACCEPT_WAIT is over, and stores nothing of it later', async () => {
      const [accepted, refused] = await metric();
      const breaking = breakConnections(1_000, false);
      const startedAt = performance.now();
      try {
        const answering = Promise.all([publish(member(1)), publishBatch([member(2), member(3, 'k')])]);
        const waiting = async () => (await metrics())['tidings_events_waiting'];
        await until('the events to wait', async () => (await waiting()) === 3);
        // Under way or not: what nobody has answered waits.
        for (let looks = 0; looks < 20; looks += 1, await delay(25)) expect(await waiting()).toBe(3);
        const answers = await answering;
        expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(2).fill([503, 'DATABASE_BUSY']));
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(5_000);
      } finally {
        breaking.mockRestore();
      }
      expect((await publish(member(4))).status).toBe(202);
      expect(await stored()).toBe(1);
      // What was under way when it was given up counts when its statement has ended.
      const counted = async (): Promise<number[]> => {
        const after = await metric();
        return [after[0]! - accepted!, after[1]! - refused!];
      };
      await until('all to be counted', async () => (await counted())[1]! >= 3);
      expect(await counted()).toEqual([1, 3]);
    });

    it('waits ACCEPT_WAIT in all: what the look-up of its token used is gone', async () => {
      const { body: made } = await replica.call<{ token: string }>('POST', '/api-token', {
        body: { name: 'intake', environment_id: environmentId },
      });
      const tokens = replica.nest.get<Repository<ApiToken>>(getRepositoryToken(ApiToken, ACCESS));
      const lookUp = jest.spyOn(tokens, 'findOneBy').mockRejectedValue(new Error(BROKEN));
      const breaking = breakConnections(1_000, false);
      const startedAt = performance.now();
      try {
        const headers = { authorization: `Bearer ${made.token}` };
        const answers = ['/event', '/event/batch'].map((path) => {
          const body = path === '/event' ? member(1) : { events: [member(2), member(3, 'k')] };
          return replica.call<Published>('POST', path, { body, headers });
        });
        await delay(3_000);
        lookUp.mockRestore();
        for (const { status, body } of await Promise.all(answers)) {
          expect([status, body.code]).toEqual([503, 'DATABASE_BUSY']);
        }
        const tookMs = performance.now() - startedAt;
        expect(tookMs).toBeGreaterThanOrEqual(5_000);
        expect(tookMs).toBeLessThan(7_000);
      } finally {
        lookUp.mockRestore();
        breaking.mockRestore();
      }
    });

    it('refuses at once what another wait would not help', async () => {
      const spy = jest
        .spyOn(replica.nest.get(DeliveryIntake), 'accept')
        .mockRejectedValue(
          new QueryFailedError('', [], Object.assign(new Error('full'), { code: '53100', severity: 'ERROR' })),
        );
      try {
        expect((await publish(member(1))).body.code).toBe('DATABASE_FULL');
        expect(spy).toHaveBeenCalledTimes(1);
      } finally {
        spy.mockRestore();
      }
    });
  });

  describe('with idempotency keys', () => {
    it('gives racing repeats the one answer', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => publish(member(1), 'k')));
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
      expect(answers[0]!.status).toBe(202);
      expect(await stored()).toBe(1);
    });

    it('gives exactly one of two racing contents the key', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => publish(member(n % 2), 'k')));
      const ids = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body.id));
      expect(ids.size).toBe(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
      expect(await stored()).toBe(1);
    });

    it('folds equal members of a batch, and those of an earlier request', async () => {
      const first = await publish(member(1), 'a');
      const batch = await publishBatch([member(1, 'a'), member(2, 'b'), member(3), member(2, 'b')]);
      const ids = batch.body.result.map(({ id }) => id);
      expect(ids[0]).toBe(first.body.id);
      expect(ids[1]).toBe(ids[3]);
      expect(await stored()).toBe(3);
    });

    it('takes none of a batch when one key was used with other content', async () => {
      await publish(member(1), 'used');
      const batch = await publishBatch([member(2), member(3, 'fresh'), member(4, 'used')]);
      expect([batch.status, batch.body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
      expect(batch.body.details.failures).toMatchObject([{ field: 'events.2.idempotency_key' }]);
      expect(await stored()).toBe(1);
      expect((await publish(member(5), 'fresh')).status).toBe(202);
    });

    it('names the first of equal members whose key was used with other content', async () => {
      await publish(member(1), 'used');
      const batch = await publishBatch([member(2), member(3, 'used'), member(3, 'used')]);
      expect(batch.status).toBe(409);
      expect(batch.body.details.failures).toMatchObject([{ field: 'events.1.idempotency_key' }]);
    });

    it('names the header of a single event whose key was used with other content', async () => {
      await publish(member(1), 'used');
      const second = await publish(member(2), 'used');
      expect([second.status, second.body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
      expect(second.body.details.failures).toMatchObject([{ field: 'Idempotency-Key' }]);
    });

    it('names the member that uses a key of the same batch for other content', async () => {
      const batch = await publishBatch([member(1, 'k'), member(2), member(3, 'k')]);
      expect(batch.status).toBe(409);
      expect(batch.body.details.failures).toMatchObject([{ field: 'events.2.idempotency_key' }]);
      expect(await stored()).toBe(0);
    });

    it('lets racing batches with the same keys in opposite orders through, each event once', async () => {
      const keys = Array.from({ length: 30 }, (_, n) => n);
      const batches = Array.from({ length: 6 }, (_, n) => {
        const members = keys.map((key) => member(key, `key-${key}`));
        return publishBatch(n % 2 === 0 ? members : members.reverse());
      });
      expect((await Promise.all(batches)).map(({ status }) => status)).toEqual(Array(6).fill(202));
      expect(await stored()).toBe(30);
    });

    it('forgets them after their window and not before', async () => {
      await publish(member(1), 'old');
      await publish(member(1), 'new');
      await test.dataSource.query(
        `UPDATE idempotency_key SET created_at = now() - interval '25 hours' WHERE environment_id = $1 AND key = 'old'`,
        [environmentId],
      );
      await trimIdempotencyKeys(test.dataSource.manager, 24 * 60 * 60 * 1000);
      const keys = await test.dataSource.query('SELECT key FROM idempotency_key WHERE environment_id = $1', [
        environmentId,
      ]);
      expect(keys).toEqual([{ key: 'new' }]);
    });
  });

  it('keeps environments apart: one key is free in each', async () => {
    const { body: other } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: randomUUID() },
    });
    const first = await publish(member(1), 'k');
    environmentId = other.id;
    const second = await publish(member(2), 'k');
    expect([first.status, second.status]).toEqual([202, 202]);
  });
});

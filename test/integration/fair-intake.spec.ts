import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { PIPELINE } from '../../src/database/data-sources.js';
import { DeliveryDispatcher } from '../../src/deliveries/engine/delivery-dispatcher.js';
import { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import type { Slot } from '../../src/deliveries/engine/in-flight.js';
import { SmallPublishers } from '../../src/deliveries/intake/small-publishers.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/wait.js';
import { accept, makeEnvironment, makeEvent, makeWebhook } from '../support/delivery-fixtures.js';

/** Each 16 bytes behind its length, after a head of 20 bytes, in PostgreSQL's binary format of an array. */
const uuidsIn = (array: Buffer): string[] =>
  Array.from({ length: array.readInt32BE(12) }, (_, n) =>
    array
      .subarray(24 + n * 20, 40 + n * 20)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  );

describe('environments that publish at once', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let intake: EventIntake;
  let greedy: string;
  let other: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test);
    intake = replica.nest.get(EventIntake);
  });
  beforeEach(async () => {
    greedy = await makeEnvironment(test.dataSource);
    other = await makeEnvironment(test.dataSource);
  });
  afterAll(async () => {
    await replica.close();
    await test.close();
  });

  /** Environments of the events of each accepting statement so far, in the order in which they began. */
  const watchStatements = () => {
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    const statements = (): string[][] =>
      query.mock.calls
        .filter(([sql]) => sql.includes('accept_events'))
        .map(([, parameters]) => uuidsIn((parameters as Buffer[])[1]!));
    return { statements, stop: () => query.mockRestore() };
  };
  const events = (environmentId: string, count: number) =>
    Array.from({ length: count }, () => makeEvent(environmentId));

  it('do not wait for what another has waiting', async () => {
    const { statements, stop } = watchStatements();
    try {
      const waiting = Array.from({ length: 60 }, () => intake.accept(events(greedy, 100)));
      await waiting[0];
      const before = statements().length;

      await intake.accept(events(other, 1));

      // Those that were under way, its own, and those that began beside it.
      const own = statements().findIndex((environments) => environments.includes(other));
      expect(own).toBeLessThanOrEqual(before + 2);
      expect(statements().length).toBeLessThan(before + 10);
      await Promise.allSettled(waiting);
    } finally {
      stop();
    }
  });

  it('that publish much make fewer deliveries in a statement while another publishes', async () => {
    await Promise.all(Array.from({ length: 6 }, () => makeWebhook(test.dataSource, greedy)));
    const publish = (): Promise<unknown> => intake.accept(events(greedy, 100));
    // Nobody has published for a second but the one that has begun to publish much.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await publish();
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    const isDeferred = (): boolean => query.mock.calls.some(([sql]) => sql.includes('defer_events'));
    try {
      // Alone, 600 deliveries are made as the events are stored.
      await publish();
      expect(isDeferred()).toBe(false);
      // Once, where both are stored within a second of each other.
      await until('fewer to be made at once', async () => {
        await intake.accept(events(other, 1));
        await publish();
        return isDeferred();
      });
    } finally {
      query.mockRestore();
    }
  });

  it('have less claimed at once beside them when they publish little, and seldom while much has not started', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    const claimable = (): number | null => {
      const reservation = capacity.reserveForClaim(true);
      reservation?.release();
      return reservation && reservation.total;
    };
    const admitted: { lease: string; target: Slot }[] = [];
    const admit = (): void => {
      const delivery = { lease: randomUUID(), target: { environmentId: greedy, webhookId: randomUUID() } };
      expect(capacity.admit(delivery)).toBe(true);
      admitted.push(delivery);
    };
    const start = (slot: Slot): void => {
      capacity.leftReady();
      capacity.attemptStarts(slot);
    };
    await until('nothing to be left to start', () => capacity.unstarted === 0);
    const beside = jest.spyOn(replica.nest.get(SmallPublishers), 'areActive').mockReturnValue(false);
    // It stands still: "seldom" is every 50 ms, and a busy machine takes longer than that from one line to the next.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    try {
      while (capacity.unstarted < 65) admit();
      // Alone, what has not started holds nothing up.
      expect([claimable(), claimable()].every((total) => total! > 200)).toBe(true);
      beside.mockReturnValue(true);
      expect(claimable()).toBeNull();
      start(admitted[0]!.target);
      expect([claimable(), claimable()]).toEqual([200, 200]);
      admit();
      expect(claimable()).toBeNull();
      // However much is accepted, what is due gets its turn.
      clock.mockReturnValue(performance.now() + 51);
      expect([claimable(), claimable()]).toEqual([200, null]);
    } finally {
      for (const [index, { target, lease }] of admitted.entries()) {
        if (index > 0) start(target);
        capacity.attemptEnded(target, true);
        capacity.dropLease(lease);
      }
      beside.mockRestore();
      clock.mockRestore();
    }
  });

  it('have half of what is free left to them by the claims of a backlog', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    await until('nothing to be in flight', () => capacity.free === capacity.limit);
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_001);
    const claimed = (): number => {
      const reservation = capacity.reserveForClaim(true)!;
      reservation.release();
      return reservation.total / capacity.limit;
    };
    try {
      capacity.claimEnded([], true);
      expect(claimed()).toBe(15 / 16);
      for (const accept of ['reserveForIntake', 'reserveForSmall'] as const) {
        capacity[accept]([other]).release();
        expect(claimed()).toBe(1 / 2);
        clock.mockReturnValue(performance.now() + 1_001);
        expect(claimed()).toBe(15 / 16);
      }
    } finally {
      capacity.claimEnded([], false);
      clock.mockRestore();
    }
  });

  it('wait for the half of the room that a backlog leaves them', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    const all = await capacity.waitForRoom([other], 1);
    capacity.claimEnded([], true);
    try {
      const half = await capacity.waitForRoom([other], 1);
      const reservation = capacity.reserveForIntake([other]);
      reservation.release();
      // What is taken into a statement finds the room that was told.
      expect(half).toBeLessThanOrEqual(reservation.total);
      expect(half / all).toBeCloseTo(1 / 2, 2);
    } finally {
      capacity.claimEnded([], false);
    }
  });

  it('wait while much has not started, and then take what fits', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    await until('nothing to be in flight', () => capacity.free === capacity.limit);
    const admitted: { lease: string; target: Slot }[] = [];
    const admit = (): void => {
      const delivery = { lease: randomUUID(), target: { environmentId: greedy, webhookId: randomUUID() } };
      expect(capacity.admit(delivery)).toBe(true);
      admitted.push(delivery);
    };
    const leave = (count: number): void => {
      for (const { target, lease } of admitted.splice(0, count)) {
        capacity.leftReady();
        capacity.attemptStarts(target);
        capacity.attemptEnded(target, true);
        capacity.dropLease(lease);
      }
    };
    while (capacity.unstarted <= capacity.limit / 8) admit();
    try {
      const waited = capacity.waitForRoom([other], 1);
      expect(await Promise.race([waited, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])).toBe('waits');
      leave(1);
      expect(await waited).toBeGreaterThan(capacity.limit / 2);

      admit();
      const startedAt = performance.now();
      // Beyond its patience it is not told to take everything: room there is.
      const fitting = await capacity.waitForRoom([other], 1);
      expect(performance.now() - startedAt).toBeGreaterThan(90);
      expect(fitting).toBeLessThanOrEqual(capacity.free);
    } finally {
      leave(admitted.length);
    }
  });

  it('count as publishing little within a second of doing so', async () => {
    const small = replica.nest.get(SmallPublishers);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(small.areActive()).toBe(false);
    const accepted = intake.accept(events(other, 1));
    expect(small.areActive()).toBe(true);
    await accepted;
  });

  it('have as many attempts started in a turn as requests were taken in, and a few of a large one', async () => {
    await makeWebhook(test.dataSource, greedy);
    const capacity = replica.nest.get(DeliveryCapacity);
    const dispatcher = replica.nest.get(DeliveryDispatcher);
    const dispatch = dispatcher.dispatch.bind(dispatcher);
    const started: [deliveries: number, requests: number, started: number][] = [];
    // What other tests have left to be retried starts beside it.
    const claims = jest.spyOn(capacity, 'reserveForClaim').mockReturnValue(null);
    await until('nothing to be left to start', () => capacity.unstarted === 0);
    const spy = jest.spyOn(dispatcher, 'dispatch').mockImplementation((deliveries, requests = 0) => {
      dispatch(deliveries, requests);
      if (deliveries.length > 0) {
        started.push([deliveries.length, requests, deliveries.length - capacity.unstarted]);
      }
    });
    const beside = jest.spyOn(replica.nest.get(SmallPublishers), 'areActive').mockReturnValue(true);
    const allHaveStarted = () => until('all of them to start', () => capacity.unstarted === 0);
    try {
      await intake.accept(events(greedy, 40));
      await allHaveStarted();
      beside.mockReturnValue(false);
      await intake.accept(events(greedy, 40));
      await allHaveStarted();
      await Promise.all(Array.from({ length: 40 }, () => intake.accept(events(greedy, 1))));
      const [one, another, ...single] = started;
      expect([one, another]).toEqual([
        [40, 1, 12],
        [40, 1, 32],
      ]);
      // In one statement or two.
      expect(single).toEqual(single.map(([count]) => [count, count, count]));
      expect(single.reduce((sum, [count]) => sum + count, 0)).toBe(40);
    } finally {
      spy.mockRestore();
      beside.mockRestore();
      claims.mockRestore();
    }
  });

  it('do not wait for the room that the deliveries of another want', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    await intake.accept(events(greedy, 1_000));
    const claims = jest.spyOn(capacity, 'reserveForClaim').mockReturnValue(null);
    const taken = capacity.reserve(capacity.free - 10);
    const { statements, stop } = watchStatements();
    try {
      const waiting = intake.accept(events(greedy, 500));
      await new Promise((resolve) => setImmediate(resolve));
      await intake.accept(events(other, 1));
      expect(statements()[0]).toEqual([other]);
      await waiting;
    } finally {
      stop();
      taken.release();
      claims.mockRestore();
    }
  });

  it('share a statement in turns when all of them publish much', async () => {
    const third = await makeEnvironment(test.dataSource);
    const all = [greedy, other, third];
    await Promise.all(all.map((id) => intake.accept(events(id, 1_000))));
    const { statements, stop } = watchStatements();
    try {
      const first = intake.accept(events(greedy, 1));
      await Promise.all([
        first,
        ...all.flatMap((id) => Array.from({ length: 300 }, () => intake.accept(events(id, 1)))),
      ]);
      const shared = statements().find((environments) => environments.length > 50)!;
      const counts = all.map((id) => shared.filter((one) => one === id).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    } finally {
      stop();
    }
  });

  it('are not refused for what another has waiting', async () => {
    const refused: unknown[] = [];
    const waiting: Promise<unknown>[] = [];
    for (let n = 0; n < 25; n++) {
      try {
        waiting.push(intake.accept(events(greedy, 1_000)));
      } catch (error) {
        refused.push(error);
      }
    }
    const accepted = intake.accept(events(other, 1));
    // How soon all this is stored is not the matter here.
    await Promise.allSettled([...waiting, accepted]);
    expect(refused).toHaveLength(9);
    expect(waiting.length).toBe(16);
  });

  it('find slots free however many webhooks another has', async () => {
    for (let n = 0; n < 12; n++) await makeWebhook(test.dataSource, greedy);
    await makeWebhook(test.dataSource, other);
    const both = [...events(greedy, 3), ...events(other, 2)];
    const { leased, unleased, deliveries } = await accept(test.dataSource, both, {
      total: 1_000,
      environmentRooms: new Map([[greedy, 20]]),
    });
    const counts = [greedy, other].map((id) => leased.filter(({ target }) => target.environmentId === id).length);
    expect(counts).toEqual([20, 2]);
    expect(unleased.length).toBeGreaterThan(0);
    expect(deliveries).toEqual(
      new Map([
        [greedy, 36],
        [other, 2],
      ]),
    );
  });
});

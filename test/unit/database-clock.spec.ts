import { jest } from '@jest/globals';
import fc from 'fast-check';
import { DatabaseClock } from '../../src/database/database-clock.js';

/** The true difference of the two clocks, in milliseconds, and what the statements that read it took there and back. */
const readings = fc.record({
  differenceMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  trips: fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 5_000 })), { minLength: 1 }),
});

describe("the database's clock", () => {
  afterEach(() => jest.restoreAllMocks());

  const clockAfter = (differenceMs: number, trips: readonly (readonly [number, number])[]): DatabaseClock => {
    const clock = DatabaseClock.local();
    for (const [thereMs, backMs] of trips) {
      const sentAt = performance.now();
      const answeredAt = sentAt + thereMs;
      clock.correct({ sentAt, receivedAt: answeredAt + backMs, databaseMs: answeredAt + differenceMs });
    }
    return clock;
  };
  const errorOf = (clock: DatabaseClock, differenceMs: number): number => {
    jest.spyOn(performance, 'now').mockReturnValue(1_000_000);
    const error = clock.nowMs() - (1_000_000 + differenceMs);
    jest.restoreAllMocks();
    return Math.abs(error);
  };

  it('is never further off than its quickest reading took', () => {
    fc.assert(
      fc.property(readings, ({ differenceMs, trips }) => {
        const quickestMs = Math.min(...trips.map(([there, back]) => there + back));
        expect(errorOf(clockAfter(differenceMs, trips), differenceMs)).toBeLessThanOrEqual(quickestMs + 1);
      }),
    );
  });

  it('is not moved by a reading that took long', () => {
    const clock = clockAfter(120_000, [[0, 0]]);
    const before = errorOf(clock, 120_000);
    const sentAt = performance.now();
    clock.correct({ sentAt, receivedAt: sentAt + 9_000, databaseMs: sentAt + 8_999 + 120_000 });
    expect(errorOf(clock, 120_000)).toBe(before);
  });

  it('follows a clock that was set', () => {
    const clock = clockAfter(120_000, [[1, 1]]);
    const sentAt = performance.now();
    clock.correct({ sentAt, receivedAt: sentAt + 2, databaseMs: sentAt + 1 - 3_600_000 });
    expect(errorOf(clock, -3_600_000)).toBeLessThanOrEqual(2);
  });

  it('goes on when the clock of this machine is set', () => {
    const clock = clockAfter(Date.now() - performance.now(), [[0, 0]]);
    const before = clock.nowMs();
    jest.spyOn(Date, 'now').mockReturnValue(before - 3_600_000);
    expect(clock.nowMs() - before).toBeLessThan(60_000);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    expect(clock.offsetMs()).toBeGreaterThanOrEqual(3_600_000);
  });

  it("is this machine's where the database is here", () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_600_000_000_000);
    expect(DatabaseClock.local().nowMs()).toBe(1_600_000_000_000);
    expect(DatabaseClock.local().offsetMs()).toBe(0);
  });
});

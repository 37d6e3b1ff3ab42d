import { DAY_MS } from '../../src/database/partitions/day-partition.js';
import { RetentionClock } from '../../src/database/partitions/retention-clock.js';

const HOUR_MS = 3_600_000;
const TODAY = 20_000;
/** Noon: an hour more or less is the same day. */
const NOON_MS = TODAY * DAY_MS + DAY_MS / 2;
const DAYS = [TODAY - 2, TODAY - 1, TODAY, TODAY + 1];

describe('the day that retention goes by', () => {
  it("is the database's while it advances as time passes", () => {
    const clock = new RetentionClock(30);
    for (let hours = 0; hours < 100; hours++) {
      const { day, doubt } = clock.read(NOON_MS + hours * HOUR_MS, hours * HOUR_MS, DAYS);
      expect({ day, doubt }).toEqual({ day: TODAY + Math.floor((hours + 12) / 24), doubt: null });
    }
  });

  it('gets no further than time does when the clock jumps ahead, for a day', () => {
    const clock = new RetentionClock(30);
    clock.read(NOON_MS, 0, DAYS);
    const jumped = NOON_MS + 60 * DAY_MS;
    for (let hours = 1; hours <= 24; hours++) {
      const { day, doubt } = clock.read(jumped + hours * HOUR_MS, hours * HOUR_MS, DAYS);
      expect(doubt).toBe('clock_jumped');
      expect(day).toBeLessThanOrEqual(TODAY + 1);
    }
    expect(clock.read(jumped + 25 * HOUR_MS, 25 * HOUR_MS, DAYS)).toEqual({ day: TODAY + 61, doubt: null });
  });

  it('is right again when the clock is set back, and the next jump has a day of its own', () => {
    const clock = new RetentionClock(30);
    clock.read(NOON_MS, 0, DAYS);
    expect(clock.read(NOON_MS + 60 * DAY_MS, HOUR_MS, DAYS).doubt).toBe('clock_jumped');
    expect(clock.read(NOON_MS + 2 * HOUR_MS, 2 * HOUR_MS, DAYS)).toEqual({ day: TODAY, doubt: null });
    expect(clock.read(NOON_MS + 60 * DAY_MS, 24 * HOUR_MS, DAYS).doubt).toBe('clock_jumped');
    expect(clock.read(NOON_MS + 61 * DAY_MS, 40 * HOUR_MS, DAYS).doubt).toBe('clock_jumped');
  });

  it('lets nothing be dropped for a day where days have no partition: the machine was off, or its clock is wrong', () => {
    const clock = new RetentionClock(30);
    const interrupted = [TODAY - 60, TODAY - 59, ...DAYS];
    expect(clock.read(NOON_MS, 0, interrupted)).toEqual({ day: -Infinity, doubt: 'days_missing' });
    expect(clock.read(NOON_MS + 23 * HOUR_MS, 23 * HOUR_MS, interrupted).doubt).toBe('days_missing');
    expect(clock.read(NOON_MS + 24 * HOUR_MS, 24 * HOUR_MS, interrupted)).toEqual({ day: TODAY + 1, doubt: null });
  });

  it('goes by the clock where an older day is kept for what is owed of it', () => {
    const kept = Array.from({ length: 31 }, (_, back) => TODAY - back);
    expect(new RetentionClock(30).read(NOON_MS, 0, [TODAY - 60, ...kept])).toEqual({ day: TODAY, doubt: null });
  });

  it('goes by the clock in an installation that is younger than what it keeps', () => {
    expect(new RetentionClock(30).read(NOON_MS, 0, DAYS)).toEqual({ day: TODAY, doubt: null });
  });

  it('believes a clock that is set back', () => {
    const clock = new RetentionClock(30);
    clock.read(NOON_MS, 0, DAYS);
    expect(clock.read(NOON_MS - 10 * DAY_MS, HOUR_MS, DAYS)).toEqual({ day: TODAY - 10, doubt: null });
  });
});

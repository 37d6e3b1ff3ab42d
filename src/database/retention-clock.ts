import { DAY_MS, dayOf } from './day-partition.js';

/** How far the database's clock may get ahead of the time that has passed here, between two looks. */
const TOLERANCE_MS = 3_600_000;

/** How long a clock that seems wrong is not believed: an operator has that long to set it right. */
const DOUBT_MS = DAY_MS;

/** The day that retention may go by. */
export interface RetentionDay {
  /** Days since 1970-01-01; -Infinity: nothing may be dropped. */
  day: number;
  /** Why it is not the day that the database's clock says; null: it is. */
  doubt: 'clock_jumped' | 'days_missing' | null;
}

interface Reading {
  databaseMs: number;
  passedMs: number;
}

/**
 * Says what day it is to whoever deletes by age: a clock that was set wrong must not cost what is kept.
 *
 * - A clock that gets ahead of the time that has passed here (monotonic, which nobody sets) by more than an hour was set,
 *   or the machine slept. The day goes on from where it was.
 * - Kept days without partitions at the first look say that nobody ran for a week, by this clock. Then the machine was off, or
 *   its clock is wrong, and nothing counts as past its time. So it is at each start while such a gap lies within what is
 *   kept; and a start under a clock that is less than a week ahead sees no gap.
 *
 * A clock that is still ahead after a day of running is believed. One that is set back is believed at once.
 */
export class RetentionClock {
  private last: Reading | null = null;
  private doubtEndsAtMs = -Infinity;

  /** @param keptDays whole days that are kept: an older one may stay while others are gone. */
  constructor(private readonly keptDays: number) {}

  /**
   * @param databaseMs the database's time, in Unix milliseconds.
   * @param passedMs milliseconds of this machine's monotonic clock.
   * @param days those that have a partition, as days since 1970-01-01.
   */
  read(databaseMs: number, passedMs: number, days: readonly number[]): RetentionDay {
    if (this.last === null) {
      const isInterrupted = lacksOne(days, dayOf(databaseMs) - this.keptDays, dayOf(databaseMs));
      this.last = { databaseMs: isInterrupted ? -Infinity : databaseMs, passedMs };
      if (isInterrupted) this.doubtEndsAtMs = passedMs + DOUBT_MS;
    }
    const latestMs = this.last.databaseMs + (passedMs - this.last.passedMs) + TOLERANCE_MS;
    const isAhead = databaseMs > latestMs;
    if (isAhead && this.doubtEndsAtMs === -Infinity) this.doubtEndsAtMs = passedMs + DOUBT_MS;
    if (isAhead && passedMs < this.doubtEndsAtMs) {
      return { day: dayOf(latestMs), doubt: latestMs === -Infinity ? 'days_missing' : 'clock_jumped' };
    }
    this.last = { databaseMs, passedMs };
    this.doubtEndsAtMs = -Infinity;
    return { day: dayOf(databaseMs), doubt: null };
  }
}

/** Whether a day of the range has no partition though there is an earlier one. */
function lacksOne(days: readonly number[], from: number, to: number): boolean {
  const known = new Set(days);
  for (let day = Math.max(from, Math.min(...days)); day <= to; day++) if (!known.has(day)) return true;
  return false;
}

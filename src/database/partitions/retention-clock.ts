import { DAY_MS, dayOf } from './day-partition.js';

/** How far the database's clock may run ahead of the time that has passed here, between two readings. */
const TOLERANCE_MS = 3_600_000;

/** How long a suspicious clock is not believed: an operator has that long to correct it. */
const DOUBT_MS = DAY_MS;

export interface RetentionDay {
  /** Days since 1970-01-01; -Infinity: nothing may be dropped. */
  day: number;
  /** Why it differs from the day of the database's clock; null: it does not. */
  doubt: 'clock_jumped' | 'days_missing' | null;
}

interface Reading {
  databaseMs: number;
  passedMs: number;
}

/**
 * Tells the current day to code that deletes by age: a wrong clock must not destroy kept data.
 *
 * - If the clock runs ahead of the monotonic time that passed here by more than an hour, it was set, or the machine
 *   slept. The day continues from its old value.
 * - If kept days lack partitions at the first reading, the machine was off for a week, or its clock is wrong. Nothing
 *   counts as past its time while such a gap lies within the kept days. A clock less than a week ahead leaves no gap.
 *
 * A clock that is still ahead after a day of running is believed. A clock that is set back is believed at once.
 */
export class RetentionClock {
  private last: Reading | null = null;
  private doubtEndsAtMs = -Infinity;

  /** @param keptDays whole days: an older one may stay while others are gone. */
  constructor(private readonly keptDays: number) {}

  /**
   * @param databaseMs Unix milliseconds.
   * @param passedMs milliseconds of this machine's monotonic clock.
   * @param days those with a partition, as days since 1970-01-01.
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

function lacksOne(days: readonly number[], from: number, to: number): boolean {
  const known = new Set(days);
  for (let day = Math.max(from, Math.min(...days)); day <= to; day++) if (!known.has(day)) return true;
  return false;
}

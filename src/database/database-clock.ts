import { Injectable } from '@nestjs/common';
import { databaseTime } from './database-time.js';
import type { Queryable } from './queryable.js';

/** The clock of this machine or of the database is wrong, and an operator should know. */
export const NOTABLE_OFFSET_MS = 1_000;

/** At a start: the quickest reading is the most exact. */
const FIRST_READINGS = 3;

export interface ClockReading {
  /** `performance.now()` before the statement was sent, and after its answer came. */
  sentAt: number;
  receivedAt: number;
  /** Unix milliseconds, at some moment between the two. */
  databaseMs: number;
}

/**
 * The database's time, known without a query, so that all replicas write times of one clock. Between readings it runs
 * by the monotonic clock, which nobody can set. The true difference lies in an interval as long as the statement took:
 * the known one stays if it lies there, so a slow statement does not move the time. Where changes of one row must be in
 * order, use `databaseTime`.
 */
@Injectable()
export class DatabaseClock {
  /** The database's time minus `performance.now()`; null: the database uses this machine's clock. */
  private differenceMs: number | null = null;

  static local(): DatabaseClock {
    return new DatabaseClock();
  }

  static async of(database: Queryable): Promise<DatabaseClock> {
    const clock = new DatabaseClock();
    for (let reading = 0; reading < FIRST_READINGS; reading++) clock.correct(await readClock(database));
    return clock;
  }

  /** Unix time in whole milliseconds. */
  nowMs(): number {
    return this.differenceMs === null ? Date.now() : Math.floor(performance.now() + this.differenceMs);
  }

  now(): Date {
    return new Date(this.nowMs());
  }

  /** How far this machine's clock is behind the database's: negative if it is ahead. */
  offsetMs(): number {
    return this.nowMs() - Date.now();
  }

  correct({ sentAt, receivedAt, databaseMs }: ClockReading): void {
    const least = databaseMs - receivedAt;
    const most = databaseMs - sentAt;
    this.differenceMs =
      this.differenceMs === null ? (least + most) / 2 : Math.min(Math.max(this.differenceMs, least), most);
  }
}

async function readClock(database: Queryable): Promise<ClockReading> {
  const sentAt = performance.now();
  const now = await databaseTime(database);
  return { sentAt, receivedAt: performance.now(), databaseMs: now.getTime() };
}

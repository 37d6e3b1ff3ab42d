import { Injectable } from '@nestjs/common';
import { databaseTime } from './database-time.js';
import type { Queryable } from './queryable.js';

/** A difference that an operator should know of: the clock of this machine or of the database is wrong. */
export const NOTABLE_OFFSET_MS = 1_000;

/** How often the database's time is read at a start: the quickest reading is the most exact. */
const FIRST_READINGS = 3;

export interface ClockReading {
  /** `performance.now()` before the statement was sent, and after its answer came. */
  sentAt: number;
  receivedAt: number;
  /** The database's time at some moment between the two, in Unix milliseconds. */
  databaseMs: number;
}

/**
 * The database's time, known without a query. So all replicas write times of one clock, whatever their own machines
 * show. Between two readings it runs by this machine's monotonic clock, which nobody can set.
 *
 * The true difference lies in an interval as long as the statement took. The known difference stays if it lies in that
 * interval, so a slow statement or a busy event loop does not move the time.
 *
 * Where changes of one row on several replicas have to be in order, use `databaseTime`.
 */
@Injectable()
export class DatabaseClock {
  /** The database's time minus `performance.now()`; null: the database uses this machine's clock. */
  private differenceMs: number | null = null;

  /** For an engine on this machine: both clocks are the same. */
  static local(): DatabaseClock {
    return new DatabaseClock();
  }

  /** For a database server, whose clock is read a few times. */
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

  /** How far this machine's clock is behind the database's, in milliseconds: negative if it is ahead. */
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

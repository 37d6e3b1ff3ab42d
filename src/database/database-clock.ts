import { Injectable } from '@nestjs/common';
import type { Queryable } from './queryable.js';

/** A difference that an operator should know of: the clock of this machine or of the database's is set wrong. */
export const NOTABLE_OFFSET_MS = 1_000;

/** Readings of the database's time at a start: the quickest of them says most. */
const FIRST_READINGS = 3;

/** One reading of the database's time. */
export interface ClockReading {
  /** `performance.now()` from before the statement was sent, and from after its answer came. */
  sentAt: number;
  receivedAt: number;
  /** The database's time somewhere between the two, in Unix milliseconds. */
  databaseMs: number;
}

/**
 * The database's time, known here without asking for it: what replicas write down is by one clock, whatever their own
 * machines say. Between two readings it runs by this machine's monotonic clock, which nobody sets.
 *
 * A reading says that the true difference lies in an interval as long as the statement took. What is known already is
 * kept while it lies in there, so a statement that waits, or an event loop that is busy, does not move the time.
 */
@Injectable()
export class DatabaseClock {
  /** The database's time minus `performance.now()`; null: the database has this machine's clock. */
  private differenceMs: number | null = null;

  /** The clock of an engine on this machine: the two are one. */
  static local(): DatabaseClock {
    return new DatabaseClock();
  }

  /** The clock of a database server, read a few times. */
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

  /** How far this machine's clock is behind the database's, in milliseconds: negative where it is ahead. */
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
  const [row] = await database.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
  return { sentAt, receivedAt: performance.now(), databaseMs: row.now.getTime() };
}

import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { Gathering } from '../common/gathering.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { isDataError } from '../database/sqlstate.js';
import { DeliveryDispatcher } from '../deliveries/engine/delivery-dispatcher.js';
import { type Room, RoomKeeper } from '../deliveries/engine/room-keeper.js';
import type { Queryable } from '../database/queryable.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { acceptEvents, type Acceptance, type IncomingEvent } from './accept-events.js';

/** Events written by one statement. */
const EVENTS_PER_FLUSH = 500;

/** How long events wait for others to share their statement, and how many are worth one at once. */
const GATHER_MS = 2;
const WORTHWHILE_EVENTS = 32;

/** What may wait for its statement: beyond either, intake answers 503 instead of growing. */
const WAITING_LIMIT = { events: 20_000, bytes: 64 * 1024 * 1024 };

/** The events of one request: accepted all or none. */
interface Group {
  events: readonly IncomingEvent[];
  bytes: number;
  resolve: (refused: ReadonlySet<string>) => void;
  reject: (error: unknown) => void;
}

/**
 * Takes events in, many requests by one statement: what arrives while a commit is under way forms the next statement, and
 * under traffic what arrives in a moment after it too. Every request still waits for its own commit, and one that the
 * database refuses fails alone.
 */
@Injectable()
export class EventIntake {
  private readonly logger = new Logger(EventIntake.name);
  private waiting: Group[] = [];
  private waitingEvents = 0;
  private waitingBytes = 0;
  /** Events of statements under way. */
  private writingEvents = 0;
  private isFlushing = false;
  private readonly gathering = new Gathering(GATHER_MS, WORTHWHILE_EVENTS);
  /** Several requests shared the last statement. A publisher that sends one after the other never waits for company. */
  private isLastShared = false;
  private readonly accepted: Count;
  private readonly refused: Count;

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly rooms: RoomKeeper,
    private readonly dispatcher: DeliveryDispatcher,
    metrics: Metrics,
  ) {
    this.accepted = metrics.counter('eventsAccepted', {});
    this.refused = metrics.counter('eventsRefused', {});
    metrics.gauge('eventsWaiting', {}, () => this.waitingEvents + this.writingEvents);
  }

  /**
   * @returns the ids of the events that were not stored, because their idempotency key was taken; the others are committed.
   * @throws ApiError DATABASE_BUSY when too much waits
   */
  accept(events: readonly IncomingEvent[]): Promise<ReadonlySet<string>> {
    const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(event.payload), 0);
    if (this.waitingEvents + events.length > WAITING_LIMIT.events || this.waitingBytes + bytes > WAITING_LIMIT.bytes) {
      this.refused.inc(events.length);
      throw new ApiError('DATABASE_BUSY', 'Too many events wait to be stored', { headers: { 'Retry-After': '1' } });
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ events, bytes, resolve, reject });
      this.waitingEvents += events.length;
      this.waitingBytes += bytes;
      this.gathering.grown(this.waitingEvents);
      this.startFlush();
    });
  }

  /**
   * Accepts the events in a transaction of their own, which `confirm` can still refuse by throwing when it sees which
   * of them were not taken. It may wait for another request's key, so it holds no room meanwhile: its deliveries are
   * claimed.
   */
  async acceptTogether(
    events: readonly IncomingEvent[],
    confirm: (refused: ReadonlySet<string>, database: Queryable) => Promise<void>,
  ): Promise<ReadonlySet<string>> {
    return this.partitions.provide(() =>
      this.write(events, this.rooms.reserveNothing(), (insert) =>
        this.dataSource.transaction(async (manager) => {
          const acceptance = await insert(manager);
          await confirm(acceptance.refused, manager);
          return acceptance;
        }),
      ),
    );
  }

  private startFlush(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    // Requests that are handled in the same turn of the event loop share the first statement.
    setImmediate(() => {
      this.flush().catch((error: unknown) => this.logger.error({ msg: 'intake broke off', err: error }));
    });
  }

  private async flush(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        if (this.isLastShared) await this.gathering.wait(this.waitingEvents);
        const fitting = await this.rooms.roomToAccept(this.waitingEvents);
        await this.writeGroups(this.takeGroups(Math.min(fitting, EVENTS_PER_FLUSH)));
      }
    } finally {
      this.isFlushing = false;
    }
  }

  /** Whole groups, up to so many events; a larger group goes alone. */
  private takeGroups(limit: number): Group[] {
    let events = 0;
    let count = 0;
    for (const group of this.waiting) {
      if (count > 0 && events + group.events.length > limit) break;
      events += group.events.length;
      count += 1;
    }
    const groups = this.waiting.splice(0, count);
    this.isLastShared = count > 1;
    this.waitingEvents -= events;
    this.waitingBytes -= groups.reduce((sum, group) => sum + group.bytes, 0);
    return groups;
  }

  private async writeGroups(groups: Group[]): Promise<void> {
    try {
      const events = groups.flatMap((group) => group.events);
      const refused = await this.partitions.provide(() =>
        this.write(events, this.rooms.reserveForIntake(), (insert) => insert(this.dataSource)),
      );
      for (const { resolve } of groups) resolve(refused);
    } catch (error) {
      if (groups.length > 1 && isDataError(error)) {
        for (const group of groups) await this.writeGroups([group]);
      } else {
        for (const { reject } of groups) reject(error);
      }
    }
  }

  private async write(
    events: readonly IncomingEvent[],
    room: Room,
    run: (insert: (database: Queryable) => Promise<Acceptance>) => Promise<Acceptance>,
  ): Promise<ReadonlySet<string>> {
    this.writingEvents += events.length;
    try {
      const { refused, leased, unleased, deliveries } = await run((database) => acceptEvents(database, events, room));
      const accepted = events.length - refused.size;
      this.accepted.inc(accepted);
      this.rooms.accepted(accepted, deliveries);
      this.dispatcher.dispatch(leased);
      if (unleased.length > 0) this.rooms.nudge(unleased);
      return refused;
    } finally {
      this.writingEvents -= events.length;
      room.release();
    }
  }
}

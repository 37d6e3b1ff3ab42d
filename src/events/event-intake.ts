import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { databaseBusy } from '../common/database-busy.js';
import { Gathering } from '../common/gathering.js';
import { Turns } from '../common/turns.js';
import { within } from '../common/within.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { PipelineDataSource } from '../database/data-sources.js';
import { poolUsageOf } from '../database/pool-usage.js';
import { isDataError } from '../database/sqlstate.js';
import { DeliveryDispatcher } from '../deliveries/engine/delivery-dispatcher.js';
import { type Room, RoomKeeper } from '../deliveries/engine/room-keeper.js';
import type { Queryable } from '../database/queryable.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { PendingLimit } from './pending-limit.js';
import { acceptEvents, type Acceptance, type IncomingEvent } from './accept-events.js';

const MEBIBYTE = 1_048_576;

/** What one statement writes at most, unless a single request has more: under half a second's work. */
const PER_FLUSH = { events: 500, bytes: 16 * MEBIBYTE };

/** How long events wait for others to share their statement, and how many are worth one at once. */
const GATHER_MS = 2;
const WORTHWHILE_EVENTS = 32;

/** What may wait for its statement: beyond either, intake answers 503 instead of growing. */
const WAITING_LIMIT = { events: 20_000, bytes: 64 * MEBIBYTE };

/**
 * How long a request waits for its commit before it is answered 503: the caller is owed one within 2 s of the database
 * going away. One that is large, or owes much, is given the time that writing that takes on a slow disk, too.
 */
const PATIENCE = { ms: 1_500, bytesPerMs: 8 * 1024, deliveriesPerMs: 20 };
const PATIENCE_CHECK_MS = 100;

/** The events of one request, and so of one environment: accepted all or none. */
interface Group {
  events: readonly IncomingEvent[];
  bytes: number;
  /** `performance.now()` of when it is answered without having been committed, as far as is known then. */
  givenUpAt: number;
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
  /** Those that wait, and those of the statement under way. */
  private readonly unanswered = new Set<Group>();
  private patienceTimer: NodeJS.Timeout | null = null;
  private waitingEvents = 0;
  private waitingBytes = 0;
  /** Events of statements under way. */
  private writingEvents = 0;
  private isFlushing = false;
  private readonly gathering = new Gathering(GATHER_MS, WORTHWHILE_EVENTS);
  /** Several requests shared the last statement. A publisher that sends one after the other never waits for company. */
  private isLastShared = false;
  private readonly togetherTurns: Turns;
  private readonly accepted: Count;
  private readonly refused: Count;

  constructor(
    @PipelineDataSource() private readonly pipeline: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly rooms: RoomKeeper,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly pending: PendingLimit,
    metrics: Metrics,
  ) {
    // Each holds a connection, and may wait for the other's key: half of the connections are left to everything else.
    this.togetherTurns = new Turns(Math.max(1, poolUsageOf(pipeline).limit >> 1));
    this.accepted = metrics.counter('eventsAccepted', {});
    this.refused = metrics.counter('eventsRefused', {});
    metrics.gauge('eventsWaiting', {}, () => this.waitingEvents + this.writingEvents);
  }

  /**
   * @param events one or more of one environment.
   * @returns the ids of the events that were not stored, because their idempotency key was taken; the others are committed.
   * @throws ApiError DATABASE_BUSY when too much waits, or the commit takes too long: then the events may be committed
   *   yet. PENDING_LIMIT_REACHED when too many deliveries wait in the events' environment.
   */
  accept(events: readonly IncomingEvent[]): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    const bytes = this.putIn(events);
    return new Promise((resolve, reject) => {
      const givenUpAt = performance.now() + this.patienceMs(events, bytes);
      const group = { events, bytes, givenUpAt, resolve, reject };
      this.waiting.push(group);
      this.unanswered.add(group);
      this.patienceTimer ??= setInterval(() => this.giveUpLate(), PATIENCE_CHECK_MS).unref();
      this.gathering.grown(this.waitingEvents);
      this.startFlush();
    });
  }

  private refuseBeyondLimit(events: readonly IncomingEvent[]): void {
    try {
      this.pending.check(events[0]!.environmentId);
    } catch (error) {
      this.refused.inc(events.length);
      throw error;
    }
  }

  /** One timer for all: with one for each request, making and ending timers took as long as reading the request. */
  private giveUpLate(): void {
    const now = performance.now();
    const late = new Set([...this.unanswered].filter(({ givenUpAt }) => givenUpAt <= now));
    for (const group of late) this.answered(group).reject(databaseBusy('The events were not stored in time'));
    if (late.size > 0) {
      const begone = this.waiting.filter((group) => late.has(group));
      this.waiting = this.waiting.filter((group) => !late.has(group));
      this.takeOut(begone);
      // Those of the statement under way may yet be accepted.
      for (const { events } of begone) this.refused.inc(events.length);
    }
    if (this.unanswered.size === 0 && this.patienceTimer) {
      clearInterval(this.patienceTimer);
      this.patienceTimer = null;
    }
  }

  /**
   * Accepts the events in a transaction of their own, which `confirm` can still refuse by throwing when it sees which
   * of them were not taken. It may wait for another request's key, so it holds no room meanwhile: its deliveries are
   * claimed.
   *
   * @param events as in `accept`.
   * @throws ApiError as `accept` does, and what `confirm` throws.
   */
  async acceptTogether(
    events: readonly IncomingEvent[],
    confirm: (refused: ReadonlySet<string>, database: Queryable) => Promise<void>,
  ): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    const bytes = this.putIn(events);
    const late = (): Error => databaseBusy('The events were not stored in time');
    let isGivenUp = false;
    const work = this.togetherTurns.run(() => {
      this.takeOut([{ events, bytes }]);
      if (isGivenUp) return Promise.reject(late());
      return this.partitions.provide(() =>
        this.write(events, this.rooms.reserveNothing(), (insert) =>
          this.pipeline.transaction(async (manager) => {
            const acceptance = await insert(manager);
            await confirm(acceptance.refused, manager);
            return acceptance;
          }),
        ),
      );
    });
    // What was begun goes on: with the same keys, a repeat of the request then finds what it made.
    return within(this.patienceMs(events, bytes), work, () => {
      isGivenUp = true;
      return late();
    });
  }

  /**
   * Counts the events among those that wait.
   *
   * @returns the bytes of their payloads.
   */
  private putIn(events: readonly IncomingEvent[]): number {
    const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(event.payload), 0);
    if (this.waitingEvents + events.length > WAITING_LIMIT.events || this.waitingBytes + bytes > WAITING_LIMIT.bytes) {
      this.refused.inc(events.length);
      throw databaseBusy('Too many events wait to be stored');
    }
    this.waitingEvents += events.length;
    this.waitingBytes += bytes;
    return bytes;
  }

  private patienceMs(events: readonly IncomingEvent[], bytes: number): number {
    const deliveries = this.rooms.expectedDeliveries(events.length);
    return PATIENCE.ms + bytes / PATIENCE.bytesPerMs + deliveries / PATIENCE.deliveriesPerMs;
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
        const groups = this.takeGroups(Math.min(fitting, PER_FLUSH.events));
        // None when all were given up meanwhile.
        if (groups.length > 0) await this.writeGroups(groups);
      }
    } finally {
      this.isFlushing = false;
    }
  }

  /** Whole groups, up to so many events; a larger group goes alone. */
  private takeGroups(limit: number): Group[] {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const group of this.waiting) {
      events += group.events.length;
      bytes += group.bytes;
      if (count > 0 && (events > limit || bytes > PER_FLUSH.bytes)) break;
      count += 1;
    }
    const groups = this.waiting.splice(0, count);
    this.isLastShared = count > 1;
    this.takeOut(groups);
    return groups;
  }

  private takeOut(groups: readonly Pick<Group, 'events' | 'bytes'>[]): void {
    for (const { events, bytes } of groups) {
      this.waitingEvents -= events.length;
      this.waitingBytes -= bytes;
    }
  }

  private answered(group: Group): Group {
    this.unanswered.delete(group);
    return group;
  }

  private async writeGroups(groups: Group[]): Promise<void> {
    try {
      const events = groups.flatMap((group) => group.events);
      const refused = await this.partitions.provide(() =>
        this.write(events, this.rooms.reserveForIntake(), (insert) => insert(this.pipeline)),
      );
      for (const group of groups) this.answered(group).resolve(refused);
    } catch (error) {
      if (groups.length > 1 && isDataError(error)) {
        for (const group of groups) await this.writeGroups([group]);
      } else {
        for (const group of groups) this.answered(group).reject(error);
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
      this.noteAdded(events, deliveries, deliveries - leased.length);
      this.dispatcher.dispatch(leased);
      if (unleased.length > 0) this.rooms.nudge(unleased);
      return refused;
    } finally {
      this.writingEvents -= events.length;
      room.release();
    }
  }

  /** As if each event had made as many deliveries: the next count corrects what that gets wrong. */
  private noteAdded(events: readonly IncomingEvent[], made: number, waiting: number): void {
    const published = new Map<string, number>();
    for (const { environmentId } of events) published.set(environmentId, (published.get(environmentId) ?? 0) + 1);
    for (const [environmentId, count] of published) {
      const share = count / events.length;
      this.pending.added(environmentId, made * share, waiting * share);
    }
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { databaseBusy } from '../http/database-busy.js';
import { ApiError } from '../http/errors.js';
import { Semaphore } from '../common/semaphore.js';
import { within } from '../common/within.js';
import { PIPELINE } from '../database/data-sources.js';
import { poolUsageOf } from '../database/pool-usage.js';
import { isDataError } from '../database/sqlstate.js';
import {
  type Acceptance,
  DeliveryIntake,
  type FanOut,
  type IncomingEvent,
} from '../deliveries/intake/delivery-intake.js';
import { FEW_DELIVERIES, SmallPublishers } from '../deliveries/intake/small-publishers.js';
import type { Queryable } from '../database/queryable.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { IntakeLane, type WaitingGroup } from './intake-lane.js';
import { PublishingPace } from './publishing-pace.js';
import { WaitingShare } from './waiting-share.js';

const MEBIBYTE = 1_048_576;

/** What one statement writes at most, unless a single request has more: under half a second's work. */
const PER_FLUSH = { events: 500, bytes: 16 * MEBIBYTE };

/**
 * Such a statement takes 3 to 6 ms. Small publishers wait for it where statements run one after the other, as on the
 * embedded engine.
 */
const PER_FLUSH_BESIDE_OTHERS = { events: 100, bytes: 2 * MEBIBYTE };
/** What owes more is deferred. */
const INLINE_DELIVERIES_BESIDE_OTHERS = 500;
/** After each such statement the lane rests for as long as it took. */
const REST_SHARE_BESIDE_OTHERS = 1;
/** Fewer events of the quick lane do not wait for room for their deliveries. */
const QUICK_PATIENT_FROM = 32;

/** Beyond either, or an environment's share, intake answers 503. */
const WAITING_LIMIT = { events: 20_000, bytes: 64 * MEBIBYTE };

/**
 * How long a request waits for its commit before it is answered 503: within 2 s of the database going away. A large
 * request also gets the time to write it on a slow disk. It gets that anew when its statement begins: so what only
 * waited and what was stored are told apart.
 */
const PATIENCE = { ms: 1_300, bytesPerMs: 8 * 1024, statementMs: 300 };
const PATIENCE_CHECK_MS = 100;

type Lane = IntakeLane<Group>;

interface Group extends WaitingGroup {
  lane: Lane;
  /** `performance.now()` of when it is answered 503, committed or not. */
  givenUpAt: number;
  resolve: (refused: ReadonlySet<string>) => void;
  reject: (error: unknown) => void;
}

/**
 * Takes events in, many requests by one statement. Every request waits for its own commit, and one that the database
 * refuses fails alone.
 *
 * Small publishers have a lane of their own: they wait neither for others' large statements nor for the room that
 * others' deliveries want. In each lane environments take turns.
 */
@Injectable()
export class EventIntake {
  private readonly waiting = new WaitingShare(WAITING_LIMIT);
  private readonly pace = new PublishingPace();
  private readonly quickLane: Lane;
  private readonly bulkLane: Lane;
  /** Groups that wait, or whose statement is under way. */
  private readonly unanswered = new Set<Group>();
  private patienceTimer: NodeJS.Timeout | null = null;
  private writingEvents = 0;
  private readonly togetherTurns: Semaphore;
  private readonly refused: Count;

  constructor(
    @InjectDataSource(PIPELINE) pipeline: DataSource,
    private readonly deliveries: DeliveryIntake,
    private readonly smallPublishers: SmallPublishers,
    metrics: Metrics,
  ) {
    // Each holds a connection, and may wait for another's key: half of the connections are left to everything else.
    this.togetherTurns = new Semaphore(Math.max(1, poolUsageOf(pipeline).limit >> 1));
    const write = (groups: readonly Group[]): Promise<void> => this.writeGroups(this.takenOut(groups));
    this.quickLane = new IntakeLane(deliveries, { limit: () => PER_FLUSH, patientFrom: QUICK_PATIENT_FROM, write });
    this.bulkLane = new IntakeLane(deliveries, {
      limit: (environmentIds) => (smallPublishers.areActive(environmentIds) ? PER_FLUSH_BESIDE_OTHERS : PER_FLUSH),
      restShare: (environmentIds) => (smallPublishers.areActive(environmentIds) ? REST_SHARE_BESIDE_OTHERS : 0),
      patientFrom: 0,
      write,
    });
    this.refused = metrics.counter('eventsRefused', {});
    metrics.gauge('eventsWaiting', {}, () => this.waiting.events + this.writingEvents);
  }

  /**
   * @param events one or more of one environment.
   * @returns the ids of events that were not stored because their idempotency key was taken; the others are committed.
   * @throws ApiError DATABASE_BUSY when too much waits, or the commit takes too long: the events may still be
   *   committed. PENDING_LIMIT_REACHED when too many deliveries wait in the environment, FAN_OUT_TOO_LARGE when these
   *   alone are too many.
   */
  accept(events: readonly IncomingEvent[]): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    const { environmentId, bytes, deliveries, recent } = this.putIn(events);
    const isSmall = recent <= FEW_DELIVERIES;
    if (isSmall) this.smallPublishers.note(environmentId);
    const lane = isSmall ? this.quickLane : this.bulkLane;
    return new Promise((resolve, reject) => {
      const givenUpAt = performance.now() + patienceMs(bytes);
      // Field by field: with copies of another object each group was a table of its own, at 12 µs a request.
      const group: Group = { environmentId, events, bytes, deliveries, lane, givenUpAt, resolve, reject };
      this.unanswered.add(group);
      this.patienceTimer ??= setInterval(() => this.giveUpLate(), PATIENCE_CHECK_MS).unref();
      lane.add(group);
    });
  }

  private refuseBeyondLimit(events: readonly IncomingEvent[]): void {
    try {
      this.deliveries.checkLimit(events[0]!.environmentId);
    } catch (error) {
      this.refused.inc(events.length);
      throw error;
    }
  }

  /** One timer for all: one for each request took as long as reading it. */
  private giveUpLate(): void {
    const now = performance.now();
    const late = new Set([...this.unanswered].filter(({ givenUpAt }) => givenUpAt <= now));
    for (const group of late) this.answered(group).reject(databaseBusy('The events were not stored in time'));
    if (late.size > 0) {
      const withdrawn = [this.quickLane, this.bulkLane].flatMap((lane) => lane.withdraw((group) => late.has(group)));
      this.takenOut(withdrawn);
      // The statement under way may still store the others.
      for (const { events } of withdrawn) this.refused.inc(events.length);
    }
    if (this.unanswered.size === 0 && this.patienceTimer) {
      clearInterval(this.patienceTimer);
      this.patienceTimer = null;
    }
  }

  /**
   * Accepts the events in a transaction of their own. `confirm` is told which were not taken, and can refuse all by
   * throwing. It may wait for another request's key, so it holds no room: its deliveries are claimed.
   *
   * @param events as in `accept`.
   * @throws ApiError as `accept` does, and what `confirm` throws.
   */
  async acceptTogether(
    events: readonly IncomingEvent[],
    confirm: (refused: ReadonlySet<string>, database: Queryable) => Promise<void>,
  ): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    const waiting = this.putIn(events);
    const late = (): Error => databaseBusy('The events were not stored in time');
    let isGivenUp = false;
    const stopIfLate = (): void => {
      if (isGivenUp) throw late();
    };
    const store = async (): Promise<ReadonlySet<string>> => {
      this.takenOut([waiting]);
      stopIfLate();
      const { deferred, refused } = await this.deliveries.plan([waiting]);
      if (refused[0]) throw refused[0].error;
      const fanOut = deferred[0] ? 'deferred' : 'inline';
      // Not checked after this: a repeat of the request with the same keys finds what this one made.
      stopIfLate();
      return this.write(events, fanOut, () =>
        this.deliveries.inTransaction(async (manager, accept) => {
          const acceptance = await accept(events, fanOut);
          await confirm(acceptance.refused, manager);
          return acceptance;
        }),
      );
    };
    const work = this.togetherTurns.run(
      () =>
        store().catch((error: unknown) => {
          if (!isConflict(error)) this.refused.inc(events.length);
          throw error;
        }),
      waiting.environmentId,
    );
    return within(patienceMs(waiting.bytes), work, () => {
      isGivenUp = true;
      return late();
    });
  }

  /**
   * Counts the events as waiting, and for the pace of their environment.
   *
   * @returns also how many deliveries it has published within about a second.
   */
  private putIn(events: readonly IncomingEvent[]): WaitingGroup & { recent: number } {
    const { environmentId } = events[0]!;
    const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(event.payload), 0);
    if (!this.waiting.tryToAdd(environmentId, { events: events.length, bytes })) {
      this.refused.inc(events.length);
      throw databaseBusy('Too many events wait to be stored');
    }
    const deliveries = this.pace.expectedDeliveries(environmentId, events.length);
    const recent = this.pace.add(environmentId, events.length, performance.now());
    return { environmentId, events, bytes, deliveries, recent };
  }

  private takenOut<Some extends WaitingGroup>(groups: readonly Some[]): readonly Some[] {
    for (const { environmentId, events, bytes } of groups) {
      this.waiting.remove(environmentId, { events: events.length, bytes });
    }
    return groups;
  }

  private begin(groups: readonly Group[]): void {
    const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
    const leastUntil = performance.now() + PATIENCE.statementMs + bytes / PATIENCE.bytesPerMs;
    for (const group of groups) group.givenUpAt = Math.max(group.givenUpAt, leastUntil);
  }

  private answered(group: Group): Group {
    this.unanswered.delete(group);
    return group;
  }

  /** Undefined: the usual number. */
  private inlineDeliveriesOf(groups: readonly Group[]): number | undefined {
    const isBulk = groups[0]!.lane === this.bulkLane;
    const isBesideOthers = isBulk && this.smallPublishers.areActive(groups.map(({ environmentId }) => environmentId));
    return isBesideOthers ? INLINE_DELIVERIES_BESIDE_OTHERS : undefined;
  }

  /** All of one lane. Never rejects. */
  private async writeGroups(groups: readonly Group[]): Promise<void> {
    try {
      const { inline, deferred, refused } = await this.deliveries.plan(groups, this.inlineDeliveriesOf(groups));
      for (const { group, error } of refused) this.refuse(group, error);
      await this.writeTogether(inline, 'inline');
      await this.writeTogether(this.awaited(deferred), 'deferred');
    } catch (error) {
      for (const group of this.awaited(groups)) this.refuse(group, error);
    }
  }

  /** Without the groups that were answered 503 while they waited: those must not be stored. */
  private awaited(groups: readonly Group[]): readonly Group[] {
    const awaited = groups.filter((group) => this.unanswered.has(group));
    for (const group of groups) if (!awaited.includes(group)) this.refused.inc(group.events.length);
    return awaited;
  }

  private refuse(group: Group, error: unknown): void {
    this.refused.inc(group.events.length);
    this.answered(group).reject(error);
  }

  /**
   * Writes and answers the groups: by one statement, or one for each when the database refuses some event. Never
   * rejects.
   */
  private async writeTogether(groups: readonly Group[], fanOut: FanOut): Promise<void> {
    if (groups.length === 0) return;
    this.begin(groups);
    try {
      const environmentIds = [...new Set(groups.map(({ environmentId }) => environmentId))];
      const isSmall = groups[0]!.lane === this.quickLane;
      const events = groups.flatMap((group) => group.events);
      const refused = await this.write(events, fanOut, () =>
        this.deliveries.accept(events, { fanOut, environmentIds, isSmall, requests: groups.length }),
      );
      for (const group of groups) this.answered(group).resolve(refused);
    } catch (error) {
      if (groups.length > 1 && isDataError(error)) {
        for (const group of groups) await this.writeTogether(this.awaited([group]), fanOut);
      } else {
        // Those that were given up, too: now they are known not to be stored.
        for (const group of groups) this.refuse(group, error);
      }
    }
  }

  /** @returns the ids of the events that were not stored. */
  private async write(
    events: readonly IncomingEvent[],
    fanOut: FanOut,
    accept: () => Promise<Acceptance>,
  ): Promise<ReadonlySet<string>> {
    this.writingEvents += events.length;
    try {
      const { refused, deliveries } = await accept();
      // Only inline: the pace counts what statements make, and deferred deliveries cost them nothing.
      if (fanOut === 'inline') this.learnPace(events, deliveries);
      return refused;
    } finally {
      this.writingEvents -= events.length;
    }
  }

  private learnPace(events: readonly IncomingEvent[], deliveries: ReadonlyMap<string, number>): void {
    const published = new Map<string, number>();
    for (const { environmentId } of events) published.set(environmentId, (published.get(environmentId) ?? 0) + 1);
    for (const [environmentId, count] of published) {
      this.pace.learn(environmentId, count, deliveries.get(environmentId) ?? 0);
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'IDEMPOTENCY_CONFLICT';
}

function patienceMs(bytes: number): number {
  return PATIENCE.ms + bytes / PATIENCE.bytesPerMs;
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { databaseBusy } from '../http/database-busy.js';
import { ApiError } from '../http/errors.js';
import { isPassingTrouble } from '../common/database-trouble.js';
import { Semaphore } from '../common/semaphore.js';
import { Config } from '../config/config.js';
import { PIPELINE } from '../database/data-sources.js';
import { poolUsageOf } from '../database/pool-usage.js';
import { TROUBLE_PAUSE_MS } from '../database/repeat-while-in-trouble.js';
import { isDataError, isUniqueViolation } from '../database/sqlstate.js';
import {
  type Acceptance,
  DeliveryIntake,
  type FanOut,
  type IncomingEvent,
} from '../deliveries/intake/delivery-intake.js';
import { FEW_DELIVERIES, SmallPublishers } from '../deliveries/intake/small-publishers.js';
import type { Queryable } from '../database/queryable.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { partOf } from '../config/worker-share.js';
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
 * How long a request waits for its commit before it is answered 503: what is left of ACCEPT_WAIT, and no less than
 * this. A large request also gets the time to write it on a slow disk. It gets that anew when its statement begins: so
 * what only waited and what was stored are told apart.
 */
const PATIENCE = { ms: 1_300, bytesPerMs: 8 * 1024, statementMs: 300 };
const PATIENCE_CHECK_MS = 100;

type Lane = IntakeLane<Group>;
type Confirm = (refused: ReadonlySet<string>, database: Queryable) => Promise<void>;

interface Group extends WaitingGroup {
  /** Null: written alone. */
  lane: Lane | null;
  /** `performance.now()` of when it is answered 503, committed or not. */
  givenUpAt: number;
  isGivenUp: boolean;
  /** In `writingEvents`. */
  isWriting: boolean;
  /** In `eventsRefused`, or stored. */
  isCounted: boolean;
  /** The connection broke during its statement: it may have been committed. */
  mayBeStored: boolean;
  /** Its statement was begun before. */
  isRepeat: boolean;
  /** Why it still waits. */
  trouble: unknown;
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
  private readonly waiting: WaitingShare;
  private readonly pace = new PublishingPace();
  private readonly quickLane: Lane;
  private readonly bulkLane: Lane;
  /** Groups that wait, or whose statement is under way. */
  private readonly unanswered = new Set<Group>();
  private patienceTimer: NodeJS.Timeout | null = null;
  /** Of unanswered groups that were taken out of `waiting`, also while their statement waits for the database. */
  private writingEvents = 0;
  private readonly acceptWaitMs: number;
  private readonly togetherTurns: Semaphore;
  private readonly refused: Count;

  constructor(
    @InjectDataSource(PIPELINE) private readonly pipeline: DataSource,
    private readonly deliveries: DeliveryIntake,
    private readonly smallPublishers: SmallPublishers,
    metrics: Metrics,
    config: Config,
  ) {
    this.acceptWaitMs = config.acceptWaitMs;
    const { events, bytes } = WAITING_LIMIT;
    this.waiting = new WaitingShare({ events: partOf(events, config), bytes: partOf(bytes, config) });
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
   * @param waitedMs how much of ACCEPT_WAIT the request has used before. Default: 0.
   * @returns the ids of events that were not stored because their idempotency key was taken; the others are committed.
   * @throws ApiError DATABASE_BUSY when too much waits, or the commit takes too long: the events may still be
   *   committed. PENDING_LIMIT_REACHED when too many deliveries wait in the environment, FAN_OUT_TOO_LARGE when these
   *   alone are too many.
   */
  accept(events: readonly IncomingEvent[], waitedMs = 0): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    const { environmentId, bytes, deliveries, recent } = this.putIn(events);
    const isSmall = recent <= FEW_DELIVERIES;
    if (isSmall) this.smallPublishers.note(environmentId);
    const lane = isSmall ? this.quickLane : this.bulkLane;
    return this.untilAnswered({ environmentId, events, bytes, deliveries }, waitedMs, lane, (group) => lane.add(group));
  }

  /** Rejects when the patience of the request is over, whatever becomes of its events. */
  private untilAnswered(
    { environmentId, events, bytes, deliveries }: WaitingGroup,
    waitedMs: number,
    lane: Lane | null,
    begin: (group: Group) => void,
  ): Promise<ReadonlySet<string>> {
    return new Promise((resolve, reject) => {
      // Field by field: with copies of another object each group was a table of its own, at 12 µs a request.
      const group: Group = {
        environmentId,
        events,
        bytes,
        deliveries,
        lane,
        givenUpAt:
          performance.now() + Math.max(PATIENCE.ms, this.acceptWaitMs - waitedMs) + bytes / PATIENCE.bytesPerMs,
        isGivenUp: false,
        isWriting: false,
        isCounted: false,
        mayBeStored: false,
        isRepeat: false,
        trouble: null,
        resolve,
        reject,
      };
      this.unanswered.add(group);
      this.patienceTimer ??= setInterval(() => this.giveUpLate(), PATIENCE_CHECK_MS).unref();
      begin(group);
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
    for (const group of late) {
      group.isGivenUp = true;
      this.answered(group).reject(group.trouble ?? databaseBusy('The events were not stored in time'));
    }
    if (late.size > 0) {
      const withdrawn = [this.quickLane, this.bulkLane].flatMap((lane) => lane.withdraw((group) => late.has(group)));
      this.takenOut(withdrawn);
      // The statement under way may still store the others.
      for (const group of withdrawn) this.countRefused(group);
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
   * @param events as in `accept`, as is `waitedMs`.
   * @throws ApiError as `accept` does, and what `confirm` throws.
   */
  acceptTogether(events: readonly IncomingEvent[], waitedMs: number, confirm: Confirm): Promise<ReadonlySet<string>> {
    this.refuseBeyondLimit(events);
    return this.untilAnswered(this.putIn(events), waitedMs, null, (group) => {
      const written = this.togetherTurns.run(() => this.writeAlone(group, confirm), group.environmentId);
      written.catch((error: unknown) => group.reject(error));
    });
  }

  /** Never rejects. */
  private async writeAlone(group: Group, confirm: Confirm): Promise<void> {
    this.takenOut([group]);
    await this.writeUntilBack([group], async () => {
      const stored = await this.storedOf(group);
      if (stored) {
        await confirm(stored.refused, this.pipeline);
        this.resolveStored(group, stored.refused);
        return;
      }
      const { deferred, refused } = await this.deliveries.plan([group]);
      if (refused[0]) throw refused[0].error;
      const fanOut = deferred[0] ? 'deferred' : 'inline';
      // Not checked after this: a repeat of the request with the same keys finds what this one made.
      if (this.awaited([group]).length === 0) return;
      group.mayBeStored = true;
      const taken = await this.write(group.events, fanOut, () =>
        this.deliveries.inTransaction(async (manager, accept) => {
          const acceptance = await accept(group.events, fanOut);
          await confirm(acceptance.refused, manager);
          return acceptance;
        }),
      );
      this.resolve(group, taken);
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
    for (const group of groups) group.mayBeStored = true;
    const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
    const leastUntil = performance.now() + PATIENCE.statementMs + bytes / PATIENCE.bytesPerMs;
    // Not at each repeat: those would never be given up.
    for (const group of groups) if (!group.isRepeat) group.givenUpAt = Math.max(group.givenUpAt, leastUntil);
  }

  private answered(group: Group): Group {
    this.unanswered.delete(group);
    if (group.isWriting) this.writingEvents -= group.events.length;
    group.isWriting = false;
    return group;
  }

  /** Undefined: the usual number. */
  private inlineDeliveriesOf(groups: readonly Group[]): number | undefined {
    const isBulk = groups[0]!.lane === this.bulkLane;
    const isBesideOthers = isBulk && this.smallPublishers.areActive(groups.map(({ environmentId }) => environmentId));
    return isBesideOthers ? INLINE_DELIVERIES_BESIDE_OTHERS : undefined;
  }

  /** All of one lane. Never rejects. */
  private writeGroups(groups: readonly Group[]): Promise<void> {
    return this.writeUntilBack(groups, async (all) => {
      // First: what is stored is not refused by a limit that it counts in by now.
      const rest = await this.unstored(all);
      if (rest.length === 0) return;
      const { inline, deferred, refused } = await this.deliveries.plan(rest, this.inlineDeliveriesOf(rest));
      for (const { group, error } of refused) this.refuse(group, error);
      await this.writeTogether(this.awaited(inline), 'inline');
      await this.writeTogether(this.awaited(deferred), 'deferred');
    });
  }

  /**
   * Works again and again while the database is away and somebody waits: ACCEPT_WAIT at most. Never rejects.
   *
   * @param work answers its groups, or throws what all are refused with.
   */
  private async writeUntilBack(
    groups: readonly Group[],
    work: (rest: readonly Group[]) => Promise<void>,
  ): Promise<void> {
    let rest = this.awaited(groups);
    for (const group of rest) {
      group.isWriting = true;
      this.writingEvents += group.events.length;
    }
    for (; rest.length > 0; rest = this.awaited(rest)) {
      try {
        await work(rest);
        return;
      } catch (error) {
        rest = rest.filter((group) => group.isGivenUp || this.unanswered.has(group));
        if (this.isWaitedFor(error)) {
          for (const group of this.unanswered) group.trouble = error;
        } else if (!rest.some(({ isRepeat }) => isRepeat) || !isUniqueViolation(error)) {
          for (const group of rest) this.refuse(group, error);
          return;
        }
        // A broken connection's statement was committed after it had been looked for: then it is found now.
        for (const group of rest) group.isRepeat = true;
      }
      await delay(TROUBLE_PAUSE_MS);
    }
  }

  private isWaitedFor(error: unknown): boolean {
    return this.acceptWaitMs > 0 && isPassingTrouble(error);
  }

  /** Without the groups that were answered 503 while they waited: those must not be stored. */
  private awaited(groups: readonly Group[]): readonly Group[] {
    for (const group of groups) if (group.isGivenUp) this.countRefused(group);
    return groups.filter(({ isGivenUp }) => !isGivenUp);
  }

  private refuse(group: Group, error: unknown): void {
    if (!isConflict(error)) this.countRefused(group);
    this.answered(group).reject(error);
  }

  private countRefused(group: Group): void {
    if (!group.isCounted) this.refused.inc(group.events.length);
    group.isCounted = true;
  }

  private resolve(group: Group, refused: ReadonlySet<string>): void {
    group.isCounted = true;
    this.answered(group).resolve(refused);
  }

  private resolveStored(group: Group, refused: ReadonlySet<string>): void {
    this.deliveries.noteFound(group.events.length - refused.size);
    this.resolve(group, refused);
  }

  /** What a statement has stored whose answer was lost; null: nothing. */
  private async storedOf(group: Group): Promise<{ refused: ReadonlySet<string> } | null> {
    const stored = await this.findStored([group]);
    return refusedOf(group, stored);
  }

  /** Answers the groups that a statement has stored whose answer was lost, and leaves out whom nobody awaits now. */
  private async unstored(groups: readonly Group[]): Promise<readonly Group[]> {
    const stored = await this.findStored(groups);
    if (stored.size === 0) return this.awaited(groups);
    const unstored = groups.filter((group) => {
      const found = refusedOf(group, stored);
      if (found) this.resolveStored(group, found.refused);
      return !found;
    });
    return this.awaited(unstored);
  }

  private async findStored(groups: readonly Group[]): Promise<ReadonlySet<string>> {
    const sought = groups.filter(({ isRepeat, mayBeStored }) => isRepeat && mayBeStored);
    if (sought.length === 0) return new Set();
    return this.deliveries.findStored(sought.flatMap(({ events }) => events));
  }

  /**
   * Writes and answers the groups: by one statement, or one for each when the database refuses some event.
   *
   * @throws what may be over in a moment; the groups are not answered then.
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
      for (const group of groups) this.resolve(group, refused);
    } catch (error) {
      const isStoredAlready = isUniqueViolation(error) && groups.some(({ isRepeat }) => isRepeat);
      if (isStoredAlready || this.isWaitedFor(error)) throw error;
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
    const { refused, deliveries } = await accept();
    // Only inline: the pace counts what statements make, and deferred deliveries cost them nothing.
    if (fanOut === 'inline') this.learnPace(events, deliveries);
    return refused;
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

/** All events of a group are stored together, but for those whose idempotency key was taken. Null: none is stored. */
function refusedOf({ events }: Group, stored: ReadonlySet<string>): { refused: ReadonlySet<string> } | null {
  const missing = events.map(({ id }) => id).filter((id) => !stored.has(id));
  return missing.length === events.length ? null : { refused: new Set(missing) };
}

import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Gathering } from '../common/gathering.js';
import { RoundRobin } from '../common/round-robin.js';
import { DELIVERIES_WITHOUT_ROOM, type RoomKeeper } from '../deliveries/engine/room-keeper.js';
import type { IncomingEvent } from './accept-events.js';
import type { Load } from './waiting-share.js';

/** How long events wait for others to share their statement, and how many are worth one at once. */
const GATHER_MS = 2;
const WORTHWHILE_EVENTS = 32;

/** A statement that took longer did so for others' sake. */
const LONGEST_REST_MS = 50;

/** How long an environment counts as one that uses a lane after its last event. */
const USE_MEMORY_MS = 1_000;

/** The events of one request, and so of one environment: accepted all or none. */
export interface WaitingGroup {
  environmentId: string;
  events: readonly IncomingEvent[];
  /** Of their payloads. */
  bytes: number;
  /** Those that they are likely to make. */
  deliveries: number;
}

export interface LaneOptions<Group> {
  /** What one statement writes at most now of these environments, unless a single request has more. */
  limit: (environmentIds: readonly string[]) => Load;
  /**
   * For how long nothing is written after a statement, in multiples of what it took, which leaves the database and the
   * process to others; absent: never.
   */
  restShare?: (environmentIds: readonly string[]) => number;
  /** How many events have to wait before they wait for room for their deliveries, too. */
  patientFrom: number;
  /** Never rejects. */
  write: (groups: readonly Group[]) => Promise<void>;
}

/**
 * Groups of events on their way into statements, one statement at a time: what arrives while one is under way forms the
 * next, and under traffic what arrives in a moment after it too. Environments take turns.
 */
export class IntakeLane<Group extends WaitingGroup> {
  private readonly logger = new Logger(IntakeLane.name);
  private readonly waiting = new RoundRobin<Group>();
  private waitingEvents = 0;
  private waitingDeliveries = 0;
  private isFlushing = false;
  private readonly gathering = new Gathering(GATHER_MS, WORTHWHILE_EVENTS);
  /** Several requests shared the last statement. A publisher that sends one after the other never waits for company. */
  private isLastShared = false;
  /** `performance.now()` of when something was last put in, by environment; the longest ago first. */
  private readonly usedAt = new Map<string, number>();
  private lastUser: string | null = null;

  constructor(
    private readonly rooms: RoomKeeper,
    private readonly options: LaneOptions<Group>,
  ) {}

  /** Whether any other environment than these has put something in within the last second. */
  isUsedBesides(environmentIds: readonly string[]): boolean {
    this.forgetUses();
    for (const id of this.usedAt.keys()) if (!environmentIds.includes(id)) return true;
    return false;
  }

  add(group: Group): void {
    this.waiting.push(group.environmentId, group);
    this.waitingEvents += group.events.length;
    this.waitingDeliveries += group.deliveries;
    this.noteUse(group.environmentId);
    this.gathering.grown(this.waitingEvents);
    this.startFlush();
  }

  /** Takes back what has not come to its statement. */
  withdraw(isUnwanted: (group: Group) => boolean): Group[] {
    return this.takenOut(this.waiting.remove(isUnwanted));
  }

  private noteUse(environmentId: string): void {
    if (environmentId !== this.lastUser) {
      this.forgetUses();
      this.usedAt.delete(environmentId);
      this.lastUser = environmentId;
    }
    this.usedAt.set(environmentId, performance.now());
  }

  private forgetUses(): void {
    const since = performance.now() - USE_MEMORY_MS;
    for (const [id, at] of this.usedAt) {
      if (at >= since) return;
      this.usedAt.delete(id);
    }
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
      while (this.waiting.size > 0) {
        if (this.isLastShared) await this.gathering.wait(this.waitingEvents);
        const fitting =
          this.waitingEvents < this.options.patientFrom
            ? DELIVERIES_WITHOUT_ROOM
            : await this.rooms.roomToAccept(this.waiting.owners, this.waitingDeliveries);
        const groups = this.take(fitting);
        // None when all were given up meanwhile.
        if (groups.length > 0) await this.write(groups);
      }
    } finally {
      this.isFlushing = false;
    }
  }

  private async write(groups: readonly Group[]): Promise<void> {
    const startedAt = performance.now();
    await this.options.write(groups);
    const environmentIds = [...this.waiting.owners, ...groups.map(({ environmentId }) => environmentId)];
    const restMs = (performance.now() - startedAt) * (this.options.restShare?.(environmentIds) ?? 0);
    if (restMs > 0) await delay(Math.min(restMs, LONGEST_REST_MS));
  }

  /** Whole groups, in turns, up to so many deliveries; a larger group goes alone. */
  private take(fitting: number): Group[] {
    const limit = this.options.limit(this.waiting.owners);
    const taken = { events: 0, bytes: 0, deliveries: 0 };
    const groups = this.waiting.take(({ events, bytes, deliveries }) => {
      const isFull =
        taken.events + events.length > limit.events ||
        taken.bytes + bytes > limit.bytes ||
        taken.deliveries + deliveries > fitting;
      if (isFull && taken.events > 0) return false;
      taken.events += events.length;
      taken.bytes += bytes;
      taken.deliveries += deliveries;
      return true;
    });
    this.isLastShared = groups.length > 1;
    return this.takenOut(groups);
  }

  private takenOut(groups: Group[]): Group[] {
    for (const { events, deliveries } of groups) {
      this.waitingEvents -= events.length;
      this.waitingDeliveries -= deliveries;
    }
    return groups;
  }
}

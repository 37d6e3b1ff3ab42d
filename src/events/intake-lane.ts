import { setTimeout as delay } from 'node:timers/promises';
import { MicroBatcher } from '../common/micro-batcher.js';
import { RoundRobin } from '../common/round-robin.js';
import {
  DELIVERIES_WITHOUT_ROOM,
  type DeliveryIntake,
  type IncomingEvent,
} from '../deliveries/intake/delivery-intake.js';
import type { Load } from './waiting-share.js';

/** How long events wait for others to share their statement, and how many are written at once without waiting. */
const WINDOW = { ms: 2, enough: 32 };

/** A statement that took longer waited for others. */
const LONGEST_REST_MS = 50;

/** The events of one request, of one environment: accepted all or none. */
export interface WaitingGroup {
  environmentId: string;
  events: readonly IncomingEvent[];
  /** Of their payloads. */
  bytes: number;
  /** A guess, by what its events made before. */
  deliveries: number;
}

export interface LaneOptions<Group> {
  /** What one statement writes at most, unless a single request has more. */
  limit: (environmentIds: readonly string[]) => Load;
  /** How long nothing is written after a statement, in multiples of what it took; absent: never. */
  restShare?: (environmentIds: readonly string[]) => number;
  /** From so many waiting events on, they also wait for room for their deliveries. */
  patientFrom: number;
  write: (groups: readonly Group[]) => Promise<void>;
}

/** Groups of events on their way into statements, one statement at a time. What arrives meanwhile forms the next. */
export class IntakeLane<Group extends WaitingGroup> {
  private readonly waiting = new RoundRobin<Group>();
  private waitingEvents = 0;
  private waitingDeliveries = 0;
  private readonly batcher = new MicroBatcher({
    context: IntakeLane.name,
    window: WINDOW,
    waitsForMore: () => this.isLastShared,
    waiting: () => this.waitingEvents,
    writeNext: () => this.writeNext(),
  });
  /**
   * Several requests shared the last statement. Otherwise nothing waits for company: a publisher may send one request
   * after the other.
   */
  private isLastShared = false;

  constructor(
    private readonly deliveries: DeliveryIntake,
    private readonly options: LaneOptions<Group>,
  ) {}

  add(group: Group): void {
    this.waiting.push(group.environmentId, group);
    this.waitingEvents += group.events.length;
    this.waitingDeliveries += group.deliveries;
    this.batcher.added();
  }

  /** Takes back groups whose statement has not begun. */
  withdraw(isUnwanted: (group: Group) => boolean): Group[] {
    return this.takenOut(this.waiting.remove(isUnwanted));
  }

  private async writeNext(): Promise<void> {
    const fitting =
      this.waitingEvents < this.options.patientFrom
        ? DELIVERIES_WITHOUT_ROOM
        : await this.deliveries.waitForRoom(this.waiting.owners, this.waitingDeliveries);
    const groups = this.take(fitting);
    if (groups.length > 0) await this.write(groups);
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

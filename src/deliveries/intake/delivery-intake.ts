import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { INTAKE, PIPELINE } from '../../database/data-sources.js';
import { DailyPartitions } from '../../database/partitions/daily-partitions.js';
import type { Queryable } from '../../database/queryable.js';
import { type Count, Metrics } from '../../metrics/metrics.js';
import { DeliveryCapacity, type Reservation } from '../engine/delivery-capacity.js';
import { DeliveryDispatcher } from '../engine/delivery-dispatcher.js';
import { FanOutWorker } from '../engine/fan-out-worker.js';
import type { LeaseGrant } from '../queue/lease-grant.js';
import { acceptEvents, type Acceptance, type IncomingEvent } from './accept-events.js';
import { deferEvents } from './defer-events.js';
import { findStoredEvents } from './find-stored-events.js';
import { type EventGroup, FanOutForecast, type Plan } from './fan-out-forecast.js';
import { PendingLimit } from './pending-limit.js';

export { DELIVERIES_WITHOUT_ROOM } from '../engine/delivery-capacity.js';
export type { Acceptance, IncomingEvent };

/** `inline`: events are stored with their deliveries. `deferred`: the deliveries follow in parts. */
export type FanOut = 'inline' | 'deferred';

export interface AcceptOptions {
  fanOut: FanOut;
  /** Each once. */
  environmentIds: readonly string[];
  /** Statements for small publishers alone have a connection of their own. */
  isSmall: boolean;
  /** How many requests have brought them. */
  requests: number;
}

export type Accept = (events: readonly IncomingEvent[], fanOut: FanOut) => Promise<Acceptance>;

/**
 * The way into the queue: stores events with what they owe, leases what this replica has room for, and has that sent
 * after the commit.
 */
@Injectable()
export class DeliveryIntake {
  private readonly accepted: Count;

  constructor(
    @InjectDataSource(PIPELINE) private readonly pipeline: DataSource,
    @InjectDataSource(INTAKE) private readonly ofSmallPublishers: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly capacity: DeliveryCapacity,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly fanOutWorker: FanOutWorker,
    private readonly forecast: FanOutForecast,
    private readonly pending: PendingLimit,
    metrics: Metrics,
  ) {
    this.accepted = metrics.counter('eventsAccepted', {});
  }

  /** @throws ApiError PENDING_LIMIT_REACHED */
  checkLimit(environmentId: string): void {
    this.pending.check(environmentId);
  }

  plan<Group extends EventGroup>(groups: readonly Group[], inlineDeliveries?: number): Promise<Plan<Group>> {
    return this.forecast.plan(groups, inlineDeliveries);
  }

  waitForRoom(environmentIds: readonly string[], waiting: number): Promise<number> {
    return this.capacity.waitForRoom(environmentIds, waiting);
  }

  /**
   * Which of the events a statement has stored whose answer was lost. What it leased for this replica is given back
   * within seconds, as leases are that nobody knows of.
   *
   * @returns their ids.
   */
  findStored(events: readonly IncomingEvent[]): Promise<ReadonlySet<string>> {
    return findStoredEvents(this.pipeline, events);
  }

  /** @param events how many were found so, and are answered now. */
  noteFound(events: number): void {
    this.accepted.inc(events);
    // They may be deferred, and nobody was told then.
    this.fanOutWorker.nudge();
  }

  /** By one statement: committed when it resolves. */
  accept(events: readonly IncomingEvent[], options: AcceptOptions): Promise<Acceptance> {
    return this.partitions.provide(async () => {
      const { fanOut, isSmall } = options;
      const reservation = this.reservationFor(options);
      try {
        const database = isSmall ? this.ofSmallPublishers : this.pipeline;
        const acceptance = await write(database, events, fanOut, reservation);
        this.committed(events, fanOut, acceptance, options.requests);
        return acceptance;
      } finally {
        reservation.release();
      }
    });
  }

  /**
   * Runs `work` in a transaction that can accept events. It holds no room, because it may wait for others: the
   * deliveries are claimed after the commit. `work` runs again when a day's partition had to be made first.
   */
  inTransaction<T>(work: (manager: EntityManager, accept: Accept) => Promise<T>): Promise<T> {
    return this.partitions.provide(async () => {
      const accepted: [events: readonly IncomingEvent[], fanOut: FanOut, acceptance: Acceptance][] = [];
      const reservation = this.capacity.reserve(0);
      try {
        const result = await this.pipeline.transaction((manager) =>
          work(manager, async (events, fanOut) => {
            const acceptance = await write(manager, events, fanOut, reservation);
            accepted.push([events, fanOut, acceptance]);
            return acceptance;
          }),
        );
        for (const each of accepted) this.committed(...each, 0);
        return result;
      } finally {
        reservation.release();
      }
    });
  }

  private reservationFor({ fanOut, isSmall, environmentIds }: AcceptOptions): Reservation {
    if (fanOut === 'deferred') return this.capacity.reserve(0);
    return isSmall ? this.capacity.reserveForSmall(environmentIds) : this.capacity.reserveForIntake(environmentIds);
  }

  private committed(
    events: readonly IncomingEvent[],
    fanOut: FanOut,
    { refused, leased, unleased, deliveries }: Acceptance,
    requests: number,
  ): void {
    this.accepted.inc(events.length - refused.size);
    const leasedCounts = new Map<string, number>();
    for (const { target } of leased) {
      leasedCounts.set(target.environmentId, (leasedCounts.get(target.environmentId) ?? 0) + 1);
    }
    for (const [environmentId, made] of deliveries) {
      this.pending.added(environmentId, made, made - (leasedCounts.get(environmentId) ?? 0));
    }
    if (fanOut === 'deferred') this.fanOutWorker.nudge();
    this.dispatcher.dispatch(leased, Math.min(requests, leased.length));
    if (unleased.length > 0) this.capacity.nudge(unleased);
  }
}

function write(
  database: Queryable,
  events: readonly IncomingEvent[],
  fanOut: FanOut,
  grant: LeaseGrant,
): Promise<Acceptance> {
  return fanOut === 'inline' ? acceptEvents(database, events, grant) : deferEvents(database, events);
}

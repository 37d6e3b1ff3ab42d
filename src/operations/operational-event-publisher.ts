import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { OPERATIONAL_EVENT_TYPES } from '../common/operational-events.js';
import { Repeater } from '../common/repeater.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { PipelineDataSource } from '../database/data-sources.js';
import { DatabaseClock } from '../database/database-clock.js';
import { RoomKeeper } from '../deliveries/engine/room-keeper.js';
import { countPending } from '../deliveries/queue/count-pending.js';
import { acceptEvents, type Acceptance, type IncomingEvent } from '../events/accept-events.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import {
  dropOperationalEvents,
  type OperationalEvent,
  takeOperationalEvents,
} from './operational-events.repository.js';
import { type OperatorWebhookTrouble, readOperatorWebhookState } from './operator-webhook.repository.js';

/** How long an operational event waits before it becomes one that is delivered. */
const ROUND_MS = 1_000;

/** Operational events that one transaction takes: bounds how long it holds their rows. */
const PER_STEP = 500;

/**
 * Operational events that wait: as deliveries in the operator's environment, or still to become such. A receiver that takes
 * nothing for an hour during which ten thousand deliveries failed has missed a matter for the log of deliveries.
 */
const WAITING_LIMIT = 10_000;

/** Between two lines of the log about what has not changed. */
const TOLD_AGAIN_MS = { dropped: 60_000, trouble: 3_600_000 };

const TROUBLES: Readonly<Record<OperatorWebhookTrouble, string>> = {
  deleted:
    'operational events are dropped: the webhook of OPERATOR_WEBHOOK_URL was deleted, or a replica began without the setting; a restart makes it anew',
  inactive: 'operational events are not delivered: the webhook of OPERATOR_WEBHOOK_URL is inactive',
  failing: 'operational events wait: the endpoint of OPERATOR_WEBHOOK_URL fails',
};

/**
 * Makes events of what was written down for the operator, on whichever replica. What it takes leaves the one table and
 * enters the others in one transaction, so a process that dies has done it or not.
 */
@Injectable()
export class OperationalEventPublisher implements OnModuleDestroy {
  private readonly logger = new Logger(OperationalEventPublisher.name);
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'operational events could not be published; trying again in a second', err: error });
  });
  private readonly dropped = new Map<string, Count>();
  private readonly accepted: Count;
  private isStopping = false;
  /** Dropped since the log told of it, and when it did: `performance.now()`. */
  private untold = 0;
  private toldDroppedAt = -Infinity;
  private trouble: OperatorWebhookTrouble | null = null;
  private toldTroubleAt = -Infinity;

  constructor(
    @PipelineDataSource() private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly rooms: RoomKeeper,
    private readonly clock: DatabaseClock,
    metrics: Metrics,
  ) {
    this.accepted = metrics.counter('eventsAccepted', {});
    for (const type of OPERATIONAL_EVENT_TYPES) {
      this.dropped.set(type, metrics.counter('operationalEventsDropped', { event_type: type }));
    }
  }

  start(): void {
    this.repeater.startLater(() => this.round());
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.repeater.stop();
  }

  /** Goes on until nothing is left, or the process stops. */
  async round(): Promise<void> {
    const { environmentId, hasEvents, trouble } = await readOperatorWebhookState(this.dataSource);
    this.tellTrouble(trouble);
    this.tellDropped();
    if (!hasEvents) return;
    if (environmentId === null) return this.dropBeyond(0);
    for (let isMore = true; isMore && !this.isStopping;) {
      const { waiting } = await countPending(this.dataSource, 'environment', environmentId, {
        limit: WAITING_LIMIT,
      });
      await this.dropBeyond(Math.max(0, WAITING_LIMIT - waiting));
      isMore = (await this.publish(environmentId)) === PER_STEP;
    }
  }

  /** @returns how many. */
  private async publish(environmentId: string): Promise<number> {
    // Its deliveries are claimed: what happens to the operator's webhook takes no room from what was published.
    const room = this.rooms.reserveNothing();
    try {
      const { unleased, published } = await this.partitions.provide(() =>
        this.dataSource.transaction(async (manager): Promise<Pick<Acceptance, 'unleased'> & { published: number }> => {
          const taken = await takeOperationalEvents(manager, PER_STEP);
          if (taken.length === 0) return { unleased: [], published: 0 };
          const now = this.clock.now();
          const { unleased: waiting } = await acceptEvents(
            manager,
            taken.map((event) => toEvent(event, environmentId, now)),
            room,
          );
          return { unleased: waiting, published: taken.length };
        }),
      );
      this.accepted.inc(published);
      if (unleased.length > 0) this.rooms.nudge(unleased);
      return published;
    } finally {
      room.release();
    }
  }

  private async dropBeyond(kept: number): Promise<void> {
    for (const { eventType, count } of await dropOperationalEvents(this.dataSource, kept)) {
      this.dropped.get(eventType)?.inc(count);
      this.untold += count;
    }
    this.tellDropped();
  }

  private tellDropped(): void {
    const now = performance.now();
    if (this.untold === 0 || now - this.toldDroppedAt < TOLD_AGAIN_MS.dropped) return;
    this.logger.warn({
      msg: 'operational events were dropped: too many wait for the webhook of OPERATOR_WEBHOOK_URL, or it was deleted',
      count: this.untold,
    });
    this.untold = 0;
    this.toldDroppedAt = now;
  }

  private tellTrouble(trouble: OperatorWebhookTrouble | null): void {
    const now = performance.now();
    const isNews = trouble !== this.trouble || now - this.toldTroubleAt >= TOLD_AGAIN_MS.trouble;
    this.trouble = trouble;
    if (trouble === null || !isNews) return;
    this.toldTroubleAt = now;
    this.logger.warn(TROUBLES[trouble]);
  }
}

function toEvent({ eventType, payload }: OperationalEvent, environmentId: string, now: Date): IncomingEvent {
  return { id: uuidV7(now.getTime()), environmentId, eventType, payload, createdAt: now, idempotency: null };
}

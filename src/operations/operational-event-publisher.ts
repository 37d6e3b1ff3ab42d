import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { OPERATIONAL_EVENT_TYPES } from '../common/operational-events.js';
import { BackgroundTask } from '../common/background-task.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { PIPELINE } from '../database/data-sources.js';
import { DatabaseClock } from '../database/database-clock.js';
import { DeliveryIntake, type IncomingEvent } from '../deliveries/intake/delivery-intake.js';
import { countPending } from '../deliveries/queue/count-pending.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import {
  dropOperationalEvents,
  type OperationalEvent,
  takeOperationalEvents,
} from './operational-events.repository.js';
import { type OperatorWebhookTrouble, readOperatorWebhookState } from './operator-webhook.repository.js';

const ROUND_MS = 1_000;

/** Limits how long one transaction locks its rows. */
const PER_STEP = 500;

/**
 * Counts deliveries in the operator's environment and events not yet published. If a receiver accepts nothing for an
 * hour in which ten thousand deliveries failed, the log of deliveries has the rest.
 */
const WAITING_LIMIT = 10_000;

/** Between two log lines about an unchanged state. */
const TOLD_AGAIN_MS = { dropped: 60_000, trouble: 3_600_000 };

const TROUBLES: Readonly<Record<OperatorWebhookTrouble, string>> = {
  deleted:
    'operational events are dropped: the webhook of OPERATOR_WEBHOOK_URL was deleted, or a replica began without the setting; a restart makes it anew',
  inactive: 'operational events are not delivered: the webhook of OPERATOR_WEBHOOK_URL is inactive',
  failing: 'operational events wait: the endpoint of OPERATOR_WEBHOOK_URL fails',
};

/**
 * Publishes the operator's events, on any replica. One transaction moves them from their table to the others, so a
 * process that dies has done it completely or not at all.
 */
@Injectable()
export class OperationalEventPublisher implements OnModuleDestroy {
  private readonly logger = new Logger(OperationalEventPublisher.name);
  private readonly task = new BackgroundTask({
    context: OperationalEventPublisher.name,
    purpose: 'publish operational events',
    everyMs: ROUND_MS,
    round: () => this.round(),
  });
  private readonly dropped = new Map<string, Count>();
  /** Since the last log line, and the time of that line: `performance.now()`. */
  private unreportedDrops = 0;
  private dropsReportedAt = -Infinity;
  private trouble: OperatorWebhookTrouble | null = null;
  private troubleReportedAt = -Infinity;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly deliveries: DeliveryIntake,
    private readonly clock: DatabaseClock,
    metrics: Metrics,
  ) {
    for (const type of OPERATIONAL_EVENT_TYPES) {
      this.dropped.set(type, metrics.counter('operationalEventsDropped', { event_type: type }));
    }
  }

  start(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  async round(): Promise<void> {
    const { environmentId, hasEvents, trouble } = await readOperatorWebhookState(this.dataSource);
    this.tellTrouble(trouble);
    this.tellDropped();
    if (!hasEvents) return;
    if (environmentId === null) return this.dropBeyond(0);
    for (let isMore = true; isMore && !this.task.isStopping;) {
      const { waiting } = await countPending(this.dataSource, 'environment', environmentId, {
        limit: WAITING_LIMIT,
      });
      await this.dropBeyond(Math.max(0, WAITING_LIMIT - waiting));
      isMore = (await this.publish(environmentId)) === PER_STEP;
    }
  }

  private publish(environmentId: string): Promise<number> {
    return this.deliveries.inTransaction(async (manager, accept) => {
      const taken = await takeOperationalEvents(manager, PER_STEP);
      const now = this.clock.now();
      const events = taken.map((event) => toEvent(event, environmentId, now));
      if (events.length > 0) await accept(events, 'inline');
      return events.length;
    });
  }

  private async dropBeyond(kept: number): Promise<void> {
    for (const { eventType, count } of await dropOperationalEvents(this.dataSource, kept)) {
      this.dropped.get(eventType)?.inc(count);
      this.unreportedDrops += count;
    }
    this.tellDropped();
  }

  private tellDropped(): void {
    const now = performance.now();
    if (this.unreportedDrops === 0 || now - this.dropsReportedAt < TOLD_AGAIN_MS.dropped) return;
    this.logger.warn({
      msg: 'operational events were dropped: too many wait for the webhook of OPERATOR_WEBHOOK_URL, or it was deleted',
      count: this.unreportedDrops,
    });
    this.unreportedDrops = 0;
    this.dropsReportedAt = now;
  }

  private tellTrouble(trouble: OperatorWebhookTrouble | null): void {
    const now = performance.now();
    const isNews = trouble !== this.trouble || now - this.troubleReportedAt >= TOLD_AGAIN_MS.trouble;
    this.trouble = trouble;
    if (trouble === null || !isNews) return;
    this.troubleReportedAt = now;
    this.logger.warn(TROUBLES[trouble]);
  }
}

function toEvent({ eventType, payload }: OperationalEvent, environmentId: string, now: Date): IncomingEvent {
  return { id: uuidV7(now.getTime()), environmentId, eventType, payload, createdAt: now, idempotency: null };
}

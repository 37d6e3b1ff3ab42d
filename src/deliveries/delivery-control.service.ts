import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { DeliveryControl, type WebhookChange } from '../webhooks/delivery-control.js';
import { atMost } from '../common/within.js';
import { PIPELINE } from '../database/data-sources.js';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import type { Queryable } from '../database/queryable.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { clearHealth } from './queue/record-health.js';
import { stopDeliveries } from './queue/stop-deliveries.js';
import { stopRecoveries } from './queue/stop-recoveries.js';
import { EndpointStates } from './engine/endpoint-states.js';
import { Replica } from './engine/replica.js';
import { START_WINDOW_MS } from './engine/start-permits.js';

/** Timers may fire a millisecond early, and two machines' clocks do not run equally fast. */
const TIMER_SLACK_MS = 50;

/** How long the answer to a change waits for its deliveries to be canceled: 300,000 take some seconds. */
const STOP_PATIENCE_MS = 1_000;

const STOPPING = [
  { kind: 'deactivated', reason: 'webhook_inactive' },
  { kind: 'deleted', reason: 'webhook_deleted' },
] as const;

@Injectable()
export class DeliveryControlService extends DeliveryControl implements BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryControlService.name);
  private readonly underWay = new Set<Promise<void>>();
  private isClosing = false;

  constructor(
    private readonly dataSource: DataSource,
    @InjectDataSource(PIPELINE) private readonly pipeline: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly replica: Replica,
    private readonly states: EndpointStates,
    private readonly metrics: DeliveryMetrics,
  ) {
    super();
  }

  async apply(changes: readonly WebhookChange[], manager: EntityManager): Promise<ReadonlySet<string>> {
    await this.stopRecovering(changes, manager);
    await this.stop(changes, manager);
    const states = await clearHealth(
      manager,
      changes.map(({ webhookId }) => webhookId),
    );
    for (const { kind, webhookId } of changes) {
      const from = states.get(webhookId) ?? 'healthy';
      const isReceiving = kind === 'retargeted' || kind === 'reactivated';
      if (from !== 'healthy' && isReceiving) {
        this.states.changed({ webhookId, from, to: 'healthy', facts: { reason: kind } });
      }
    }
    return new Set(states.keys());
  }

  async settle(changes: readonly WebhookChange[]): Promise<void> {
    const superseding = changes.filter(({ kind }) => kind !== 'reactivated');
    if (superseding.length === 0) return;
    for (const { webhookId, revision } of superseding) this.replica.supersede(webhookId, revision);
    // Another replica may have read a webhook just before the change. After the window it may not act on that.
    if (await this.mayHaveOthers()) await delay(START_WINDOW_MS + TIMER_SLACK_MS);
    const stopped = this.stopRest(superseding).finally(() => this.underWay.delete(stopped));
    this.underWay.add(stopped);
    await atMost(STOP_PATIENCE_MS, stopped);
  }

  /** The pool closes after this. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.underWay);
  }

  /** Cancels what one statement left, and what was leased meanwhile. Claims cancel the rest. */
  private async stopRest(changes: readonly WebhookChange[]): Promise<void> {
    try {
      while (!this.isClosing && (await this.partitions.provide(() => this.stop(changes, this.pipeline))));
    } catch (error) {
      this.logger.warn({ msg: 'deliveries of stopped webhooks are left to be canceled as they come due', err: error });
    }
  }

  /** If the database is away now, the change is made all the same: it is committed. */
  private async mayHaveOthers(): Promise<boolean> {
    try {
      return await this.replica.hasOthers(this.dataSource);
    } catch {
      return true;
    }
  }

  /** Must come before `stop`: afterwards nothing is queued for these webhooks. */
  private async stopRecovering(changes: readonly WebhookChange[], manager: EntityManager): Promise<void> {
    const stopped = changes.filter(({ kind }) => STOPPING.some((stopping) => stopping.kind === kind));
    if (stopped.length === 0) return;
    await stopRecoveries(
      manager,
      stopped.map(({ webhookId }) => webhookId),
    );
  }

  private async stop(changes: readonly WebhookChange[], database: Queryable): Promise<boolean> {
    let isMore = false;
    for (const { kind, reason } of STOPPING) {
      const ids = changes.filter((change) => change.kind === kind).map(({ webhookId }) => webhookId);
      if (ids.length === 0) continue;
      const stopped = await stopDeliveries(database, ids, reason);
      this.metrics.canceledFor(reason, stopped.canceled);
      isMore ||= stopped.isMore;
    }
    return isMore;
  }
}

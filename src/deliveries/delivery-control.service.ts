import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { DeliveryControl, type WebhookChange } from '../webhooks/delivery-control.js';
import type { Queryable } from '../database/queryable.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { clearHealth } from './queue/record-health.js';
import { stopRecoveries } from './recovery/recovery.repository.js';
import { stopDeliveries } from './queue/stop-deliveries.js';
import { EndpointStates } from './engine/endpoint-states.js';
import { Replica } from './engine/replica.js';
import { START_WINDOW_MS } from './engine/start-permits.js';

/** Timers may fire early by a millisecond, and two machines' clocks do not run equally fast. */
const TIMER_SLACK_MS = 50;

const STOPPING = [
  { kind: 'deactivated', reason: 'webhook_inactive' },
  { kind: 'deleted', reason: 'webhook_deleted' },
] as const;

/** What changes of webhooks do to their deliveries, on this replica and on the others. */
@Injectable()
export class DeliveryControlService extends DeliveryControl {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: Replica,
    private readonly states: EndpointStates,
    private readonly metrics: DeliveryMetrics,
  ) {
    super();
  }

  async apply(changes: readonly WebhookChange[], manager: EntityManager): Promise<void> {
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
  }

  async settle(changes: readonly WebhookChange[]): Promise<void> {
    const superseding = changes.filter(({ kind }) => kind !== 'reactivated');
    if (superseding.length === 0) return;
    for (const { webhookId, revision } of superseding) this.replica.supersede(webhookId, revision);
    // Another replica may have read a webhook just before the change: after the window it may not act on it.
    if (await this.replica.hasOthers(this.dataSource)) await delay(START_WINDOW_MS + TIMER_SLACK_MS);
    // What one statement did not manage, and what was leased meanwhile.
    while (await this.stop(superseding, this.dataSource));
  }

  /** Before what waits is canceled: from then on nothing is queued for these webhooks. */
  private async stopRecovering(changes: readonly WebhookChange[], manager: EntityManager): Promise<void> {
    const stopped = changes.filter(({ kind }) => STOPPING.some((stopping) => stopping.kind === kind));
    if (stopped.length === 0) return;
    await stopRecoveries(
      manager,
      stopped.map(({ webhookId }) => webhookId),
    );
  }

  /** @returns whether there may be more to stop */
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

import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { DeliveryControl, type WebhookChange } from '../webhooks/delivery-control.js';
import { clearHealth } from './queue/record-health.js';
import { stopDeliveries } from './queue/stop-deliveries.js';
import { Replica } from './replica.js';
import { START_WINDOW_MS } from './start-permits.js';

/** Timers may fire early by a millisecond, and two machines' clocks do not run equally fast. */
const TIMER_SLACK_MS = 50;

/** What a webhook's change does to its deliveries, on this replica and on the others. */
@Injectable()
export class DeliveryControlService extends DeliveryControl {
  constructor(private readonly replica: Replica) {
    super();
  }

  async apply({ kind, webhookId }: WebhookChange, manager: EntityManager): Promise<void> {
    if (kind === 'deactivated') await stopDeliveries(manager, webhookId, 'webhook_inactive');
    if (kind === 'deleted') await stopDeliveries(manager, webhookId, 'webhook_deleted');
    if (kind !== 'deactivated') await clearHealth(manager, webhookId);
  }

  async settle({ kind, webhookId, revision }: WebhookChange): Promise<void> {
    if (kind === 'reactivated') return;
    this.replica.supersede(webhookId, revision);
    // Another replica may have read the webhook just before the change: after the window it may not act on it.
    if (await this.replica.hasOthers()) await delay(START_WINDOW_MS + TIMER_SLACK_MS);
  }
}

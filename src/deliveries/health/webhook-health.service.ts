import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../../http/not-found.js';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import { DeliveryCapacity } from '../engine/delivery-capacity.js';
import { findHealth } from '../queue/read-health.js';
import { PendingCounts } from '../pending-counts.js';
import { WebhookHealthDto } from '../dto/webhook-health.dto.js';

@Injectable()
export class WebhookHealthService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly webhooks: WebhooksService,
    private readonly pendingCounts: PendingCounts,
    private readonly capacity: DeliveryCapacity,
  ) {}

  /** @throws ApiError WEBHOOK_NOT_FOUND, RATE_LIMITED */
  async get(environmentId: string, id: string): Promise<WebhookHealthDto> {
    const health = await findHealth(this.dataSource, environmentId, id);
    if (!health) throw notFound('WEBHOOK_NOT_FOUND');
    const { pending } = await this.pendingCounts.of(environmentId, 'webhook', id);
    return WebhookHealthDto.of(health, pending);
  }

  /** @throws ApiError WEBHOOK_NOT_FOUND, RATE_LIMITED */
  async clear(environmentId: string, id: string, actor: string): Promise<WebhookHealthDto> {
    await this.webhooks.forgetHealth(environmentId, id, actor);
    this.capacity.nudge();
    return this.get(environmentId, id);
  }
}

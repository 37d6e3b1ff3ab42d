import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { examplePayloadOf, TEST_EVENT_PAYLOAD, TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import type { AttemptRecord } from './delivery.types.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import type { WebhookTestDto, WebhookTestResultDto } from './dto/webhook-test.dto.js';
import { insertTestDelivery } from './queue/insert-test-delivery.js';

/** Sends one example event to a webhook, once. */
@Injectable()
export class WebhookTester {
  constructor(
    private readonly dataSource: DataSource,
    private readonly webhooks: WebhooksService,
    private readonly dispatcher: DeliveryDispatcher,
  ) {}

  /** @throws ApiError WEBHOOK_NOT_FOUND, WEBHOOK_INACTIVE, TEST_DELIVERY_FAILED */
  async test(environmentId: string, { id, event_type: type }: WebhookTestDto): Promise<WebhookTestResultDto> {
    const webhook = await this.webhooks.get(environmentId, id);
    const attempt = webhook.is_active ? await this.send(environmentId, webhook.id, type ?? TEST_EVENT_TYPE) : null;
    if (!attempt) throw new ApiError('WEBHOOK_INACTIVE', 'An inactive webhook receives nothing; activate it first');
    if (attempt.outcome === 'succeeded') return { success: true };
    const status = attempt.response?.status ?? null;
    throw new ApiError('TEST_DELIVERY_FAILED', `The endpoint did not accept the event: ${status ?? attempt.error}`, {
      details: { status, duration_ms: attempt.durationMs, error: attempt.error },
    });
  }

  private async send(
    environmentId: string,
    webhookId: string,
    type: NonNullable<WebhookTestDto['event_type']>,
  ): Promise<AttemptRecord | null> {
    const createdAt = new Date();
    const payload = type === TEST_EVENT_TYPE ? TEST_EVENT_PAYLOAD : examplePayloadOf(type);
    const { lease, replicaId, leaseMs, release } = this.dispatcher.reserve();
    release();
    const delivery = await insertTestDelivery(this.dataSource, {
      id: uuidV7(createdAt.getTime()),
      environmentId,
      webhookId,
      event: { id: uuidV7(createdAt.getTime()), type, payload: JSON.stringify(payload), createdAt },
      lease,
      replicaId,
      leaseMs,
    });
    return delivery && this.dispatcher.dispatchAlone(delivery);
  }
}

import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { databaseBusy } from '../http/database-busy.js';
import { ApiError } from '../http/errors.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import { DatabaseClock } from '../database/database-clock.js';
import { examplePayloadOf, TEST_EVENT_PAYLOAD, TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import { deliveryIdFor } from './delivery-ids.js';
import type { AttemptRecord } from './delivery.types.js';
import { DeliveryDispatcher } from './engine/delivery-dispatcher.js';
import { DeliveryCapacity } from './engine/delivery-capacity.js';
import type { WebhookTestDto, WebhookTestResultDto } from './dto/webhook-test.dto.js';
import { insertTestDelivery } from './queue/insert-test-delivery.js';

/** Tests under way for one environment on one replica. The limits of deliveries do not hold for them. */
const TESTS_PER_ENVIRONMENT = 10;

/** A read is in vain only if the webhook changes in the milliseconds before sending. */
const READS_LIMIT = 5;

interface TestAttempt {
  deliveryId: string;
  attempt: AttemptRecord;
}

@Injectable()
export class WebhookTester {
  /** By environment. */
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly webhooks: WebhooksService,
    private readonly capacity: DeliveryCapacity,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly clock: DatabaseClock,
  ) {}

  /** @throws ApiError WEBHOOK_NOT_FOUND, WEBHOOK_INACTIVE, TEST_DELIVERY_FAILED, RATE_LIMITED */
  async test(environmentId: string, { id, event_type: type }: WebhookTestDto): Promise<WebhookTestResultDto> {
    const { deliveryId, attempt } = await this.limited(environmentId, () =>
      this.attempt(environmentId, id, type ?? TEST_EVENT_TYPE),
    );
    if (attempt.outcome === 'succeeded') return { success: true, delivery_id: deliveryId };
    const status = attempt.response?.status ?? null;
    throw new ApiError('TEST_DELIVERY_FAILED', `The endpoint did not accept the event: ${status ?? attempt.error}`, {
      details: { delivery_id: deliveryId, status, duration_ms: attempt.durationMs, error: attempt.error },
    });
  }

  private async limited<T>(environmentId: string, work: () => Promise<T>): Promise<T> {
    const count = this.underWay.get(environmentId) ?? 0;
    if (count >= TESTS_PER_ENVIRONMENT) {
      throw new ApiError('RATE_LIMITED', `${TESTS_PER_ENVIRONMENT} tests of this environment are under way`, {
        headers: { 'Retry-After': '1' },
      });
    }
    this.underWay.set(environmentId, count + 1);
    try {
      return await work();
    } finally {
      const left = this.underWay.get(environmentId)! - 1;
      if (left > 0) this.underWay.set(environmentId, left);
      else this.underWay.delete(environmentId);
    }
  }

  private async attempt(
    environmentId: string,
    id: string,
    type: NonNullable<WebhookTestDto['event_type']>,
  ): Promise<TestAttempt> {
    for (let reads = 0; reads < READS_LIMIT; reads++) {
      const webhook = await this.webhooks.get(environmentId, id);
      if (!webhook.is_active) {
        throw new ApiError('WEBHOOK_INACTIVE', 'An inactive webhook receives nothing; activate it first');
      }
      const sent = await this.send(environmentId, webhook.id, type);
      if (sent) return sent;
    }
    throw databaseBusy('The webhook keeps changing; repeat the request');
  }

  private async send(
    environmentId: string,
    webhookId: string,
    type: NonNullable<WebhookTestDto['event_type']>,
  ): Promise<TestAttempt | null> {
    const createdAt = this.clock.now();
    const payload = type === TEST_EVENT_TYPE ? TEST_EVENT_PAYLOAD : examplePayloadOf(type);
    const eventId = uuidV7(createdAt.getTime());
    const reservation = this.capacity.reserve(0);
    try {
      const test = {
        ...reservation,
        id: deliveryIdFor(eventId),
        environmentId,
        webhookId,
        event: { id: eventId, type, payload: JSON.stringify(payload), createdAt },
      };
      const delivery = await this.partitions.provide(() => insertTestDelivery(this.dataSource, test));
      const attempt = delivery && (await this.dispatcher.dispatchAlone(delivery));
      return attempt && { deliveryId: test.id, attempt };
    } finally {
      reservation.release();
    }
  }
}

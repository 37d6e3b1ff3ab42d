import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { mapPage, type PageDto, startAfter } from '../common/page.js';
import { RoomKeeper } from './engine/room-keeper.js';
import { DeliveryDetailDto, DeliveryDto } from './dto/delivery.dto.js';
import type { DeliveryQuery } from './dto/delivery.query.js';
import { type DeliveryRow, findDelivery, listAttempts, listDeliveries } from './queue/delivery-reads.js';
import type { Queryable } from '../database/queryable.js';
import { holdPayload, lockWebhookState, requeueDelivery } from './queue/requeue-delivery.js';

/** The log of deliveries, and sending one again. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly rooms: RoomKeeper,
  ) {}

  async list(environmentId: string, query: DeliveryQuery): Promise<PageDto<DeliveryDto>> {
    const page = await listDeliveries(this.dataSource, {
      environmentId,
      webhookId: query.webhook_id ?? null,
      eventId: query.event_id ?? null,
      eventType: query.event_type ?? null,
      status: query.status ?? null,
      createdAfter: query.created_after ?? null,
      createdBefore: query.created_before ?? null,
      before: startAfter(query),
      limit: query.limit,
    });
    return mapPage(page, (row) => DeliveryDto.of(row));
  }

  async get(environmentId: string, id: string): Promise<DeliveryDetailDto> {
    const row = await this.find(this.dataSource, environmentId, id);
    return DeliveryDetailDto.withAttempts(row, await listAttempts(this.dataSource, environmentId, id));
  }

  /**
   * @param actor who asks for it, as in the audit trail
   * @throws ApiError DELIVERY_NOT_FOUND, WEBHOOK_INACTIVE, WEBHOOK_DELETED, EVENT_EXPIRED
   */
  async retry(environmentId: string, id: string, actor: string): Promise<DeliveryDto> {
    const row = await this.partitions.provide(() =>
      this.dataSource.transaction((manager) => this.requeue(manager, environmentId, id, actor)),
    );
    this.rooms.nudge();
    return DeliveryDto.of(row);
  }

  /**
   * What it reads of the delivery and its event keeps their days from being dropped until the transaction ends
   * (partition-dropper.ts); then the queue says that they are needed.
   */
  private async requeue(
    manager: EntityManager,
    environmentId: string,
    id: string,
    actor: string,
  ): Promise<DeliveryRow> {
    const { webhook_id: webhookId, event_id: eventId } = await this.find(manager, environmentId, id);
    // Locked, so that a change which stops the webhook either sees the delivery waiting or is seen here.
    const webhook = await lockWebhookState(manager, webhookId);
    if (webhook.is_deleted) throw new ApiError('WEBHOOK_DELETED', 'The webhook of this delivery was deleted');
    if (!webhook.is_active) throw new ApiError('WEBHOOK_INACTIVE', 'The webhook of this delivery is inactive');
    if (!(await holdPayload(manager, environmentId, eventId))) {
      throw new ApiError('EVENT_EXPIRED', 'The payload of this delivery is gone, so it cannot be sent again');
    }
    await requeueDelivery(manager, environmentId, id);
    await recordAudit(manager, [{ environmentId, actor, action: 'retried', resourceType: 'delivery', resourceId: id }]);
    return this.find(manager, environmentId, id);
  }

  private async find(database: Queryable, environmentId: string, id: string): Promise<DeliveryRow> {
    const row = await findDelivery(database, environmentId, id);
    if (!row) throw notFound('DELIVERY_NOT_FOUND');
    return row;
  }
}

import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { mapPage, type PageDto, startAfter } from '../common/page.js';
import { RoomKeeper } from './engine/room-keeper.js';
import { DeliveryDetailDto, DeliveryDto } from './dto/delivery.dto.js';
import type { DeliveryQuery } from './dto/delivery.query.js';
import { type DeliveryRow, findDelivery, listAttempts, listDeliveries } from './queue/delivery-reads.js';
import type { Queryable } from '../database/queryable.js';
import { lockWebhookState, requeueDelivery } from './queue/requeue-delivery.js';

/** The log of deliveries, and sending one again. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
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
   * @throws ApiError DELIVERY_NOT_FOUND, WEBHOOK_INACTIVE, WEBHOOK_DELETED
   */
  async retry(environmentId: string, id: string, actor: string): Promise<DeliveryDto> {
    const row = await this.dataSource.transaction(async (manager) => {
      const { webhook_id: webhookId } = await this.find(manager, environmentId, id);
      // Locked, so that a change which stops the webhook either sees the delivery waiting or is seen here.
      const webhook = await lockWebhookState(manager, webhookId);
      if (webhook.is_deleted) throw new ApiError('WEBHOOK_DELETED', 'The webhook of this delivery was deleted');
      if (!webhook.is_active) throw new ApiError('WEBHOOK_INACTIVE', 'The webhook of this delivery is inactive');
      await requeueDelivery(manager, environmentId, id);
      await recordAudit(manager, [
        { environmentId, actor, action: 'retried', resourceType: 'delivery', resourceId: id },
      ]);
      return this.find(manager, environmentId, id);
    });
    this.rooms.nudge();
    return DeliveryDto.of(row);
  }

  private async find(database: Queryable, environmentId: string, id: string): Promise<DeliveryRow> {
    const row = await findDelivery(database, environmentId, id);
    if (!row) throw notFound('DELIVERY_NOT_FOUND');
    return row;
  }
}

import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { mapPart, type PageDto } from '../common/page.js';
import { RoomKeeper } from './engine/room-keeper.js';
import { DeliveryDetailDto, DeliveryDto } from './dto/delivery.dto.js';
import type { DeliveryQuery } from './dto/delivery.query.js';
import {
  type AttemptRow,
  type DeliveryRow,
  findDelivery,
  listAttempts,
  listDeliveries,
} from './queue/delivery-reads.js';
import type { Queryable } from '../database/queryable.js';
import { PageReader } from '../reads/page-reader.js';
import { type Reader, ReadTurns } from '../reads/read-turns.js';
import { holdPayload, lockWebhookState, requeueDelivery } from './queue/requeue-delivery.js';

/** Each has up to 4 KiB of what was answered; one that was sent again many times has hundreds. */
const ATTEMPTS_PER_STEP = 100;

/** The log of deliveries, and sending one again. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly rooms: RoomKeeper,
    private readonly pages: PageReader,
    private readonly turns: ReadTurns,
  ) {}

  list(environmentId: string, query: DeliveryQuery, reader: Reader): Promise<PageDto<DeliveryDto>> {
    const filter = {
      environmentId,
      webhookId: query.webhook_id ?? null,
      eventId: query.event_id ?? null,
      eventType: query.event_type ?? null,
      status: query.status ?? null,
      createdAfter: query.created_after ?? null,
      createdBefore: query.created_before ?? null,
    };
    return this.pages.read({ list: 'delivery', environmentId }, query, reader, async ({ scanLimit, ...range }) => {
      const part = await listDeliveries(this.dataSource, { ...filter, ...range }, scanLimit);
      return mapPart(part, (row) => DeliveryDto.of(row));
    });
  }

  get(environmentId: string, id: string, reader: Reader): Promise<DeliveryDetailDto> {
    return this.turns.run(reader, ATTEMPTS_PER_STEP, async (step) => {
      const row = await this.find(this.dataSource, environmentId, id);
      const attempts: AttemptRow[] = [];
      for (let isMore = true; isMore;) {
        const range = { after: attempts.at(-1)?.number ?? 0, limit: ATTEMPTS_PER_STEP };
        const part = await step(() => listAttempts(this.dataSource, environmentId, id, range));
        attempts.push(...part);
        isMore = part.length === ATTEMPTS_PER_STEP;
      }
      return DeliveryDetailDto.withAttempts(row, attempts);
    });
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

import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiError } from '../http/errors.js';
import { idFilterOf } from '../reads/id-range.js';
import { notFound } from '../http/not-found.js';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import { mapPart, type PageDto } from '../reads/page.js';
import { DeliveryCapacity } from './engine/delivery-capacity.js';
import { DeliveryDetailDto, DeliveryDto } from './dto/delivery.dto.js';
import type { DeliveryQuery } from './dto/delivery.query.js';
import {
  type AttemptRow,
  type DeliveryRow,
  findDelivery,
  findOutgoingEvent,
  listAttempts,
} from './queue/delivery-reads.js';
import { listDeliveries } from './queue/list-deliveries.js';
import type { Queryable } from '../database/queryable.js';
import { PageReader } from '../reads/page-reader.js';
import { type Reader, ReadTurns } from '../reads/read-turns.js';
import { TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import { envelopeOf } from './sending/outgoing-request.js';
import { holdPayload, lockWebhookState, requeueDelivery } from './queue/requeue-delivery.js';

/** Each holds up to 4 KiB of answer; a delivery that was sent again often has hundreds. */
const ATTEMPTS_PER_STEP = 100;

export interface DeliveryReach {
  environmentId: string;
  /** Null: of any webhook. */
  onlyWebhookId: string | null;
}

@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly capacity: DeliveryCapacity,
    private readonly pages: PageReader,
    private readonly turns: ReadTurns,
  ) {}

  list(reach: DeliveryReach, query: DeliveryQuery, reader: Reader): Promise<PageDto<DeliveryDto>> {
    const { environmentId, onlyWebhookId } = reach;
    const webhookId = query.webhook_id ?? onlyWebhookId;
    const filter = {
      environmentId,
      webhookId,
      eventId: query.event_id ?? null,
      eventType: query.event_type ?? null,
      statuses: query.status ?? null,
      responseStatus: query.response_status ?? null,
      error: query.error ?? null,
      isTest: query.is_test ?? query.event_type === TEST_EVENT_TYPE,
      ...idFilterOf(query),
    };
    const origin = { list: 'delivery', environmentId, parentId: onlyWebhookId };
    return this.pages.read(origin, query, reader, async ({ scanLimit, ...range }) => {
      // Another webhook looks empty to this token, as a missing one does.
      if (onlyWebhookId !== null && webhookId !== onlyWebhookId) return { rows: [], next: null };
      const part = await listDeliveries(this.dataSource, { ...filter, ...range }, scanLimit);
      return mapPart(part, (row) => DeliveryDto.of(row));
    });
  }

  get(reach: DeliveryReach, id: string, reader: Reader): Promise<DeliveryDetailDto> {
    const { environmentId } = reach;
    return this.turns.run(reader, ATTEMPTS_PER_STEP, async (step) => {
      const row = await this.find(this.dataSource, reach, id);
      const attempts: AttemptRow[] = [];
      for (let isMore = true; isMore;) {
        const range = { after: attempts.at(-1)?.number ?? 0, limit: ATTEMPTS_PER_STEP };
        const part = await step(() => listAttempts(this.dataSource, environmentId, id, range));
        attempts.push(...part);
        isMore = part.length === ATTEMPTS_PER_STEP;
      }
      const event =
        attempts.length > 0 && (await step(() => findOutgoingEvent(this.dataSource, environmentId, row.event_id)));
      const body = event ? envelopeOf(event, environmentId, row.webhook_id).toString() : null;
      return DeliveryDetailDto.withAttempts(row, attempts, body);
    });
  }

  /** @throws ApiError DELIVERY_NOT_FOUND, WEBHOOK_INACTIVE, WEBHOOK_DELETED, EVENT_EXPIRED */
  async retry(reach: DeliveryReach, id: string, actor: string): Promise<DeliveryDto> {
    const row = await this.partitions.provide(() =>
      this.dataSource.transaction((manager) => this.requeue(manager, reach, id, actor)),
    );
    this.capacity.nudge();
    return DeliveryDto.of(row);
  }

  /**
   * Reading the delivery and its event keeps their days from being dropped until the transaction ends
   * (partition-dropper.ts). Afterwards the queue's row does.
   */
  private async requeue(manager: EntityManager, reach: DeliveryReach, id: string, actor: string): Promise<DeliveryRow> {
    const { environmentId } = reach;
    const { webhook_id: webhookId, event_id: eventId } = await this.find(manager, reach, id);
    // Locked: a change that stops the webhook either sees the delivery waiting or is seen here.
    const webhook = await lockWebhookState(manager, webhookId);
    if (webhook.is_deleted) throw new ApiError('WEBHOOK_DELETED', 'The webhook of this delivery was deleted');
    if (!webhook.is_active) throw new ApiError('WEBHOOK_INACTIVE', 'The webhook of this delivery is inactive');
    if (!(await holdPayload(manager, environmentId, eventId))) {
      throw new ApiError('EVENT_EXPIRED', 'The payload of this delivery is gone, so it cannot be sent again');
    }
    await requeueDelivery(manager, environmentId, id);
    await recordAudit(manager, [{ environmentId, actor, action: 'retried', resourceType: 'delivery', resourceId: id }]);
    return this.find(manager, reach, id);
  }

  private async find(
    database: Queryable,
    { environmentId, onlyWebhookId }: DeliveryReach,
    id: string,
  ): Promise<DeliveryRow> {
    const row = await findDelivery(database, environmentId, id);
    if (!row || (onlyWebhookId !== null && row.webhook_id !== onlyWebhookId)) throw notFound('DELIVERY_NOT_FOUND');
    return row;
  }
}

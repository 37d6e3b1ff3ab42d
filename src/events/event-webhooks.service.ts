import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../common/not-found.js';
import { mapPage, type PageDto, type PageQuery, startAfter, toPage } from '../common/page.js';
import { listDeliveriesOfEvent } from '../deliveries/queue/delivery-reads.js';
import { TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import { listWebhookStates } from '../webhooks/webhook-revisions.repository.js';
import { EventWebhookDto } from './dto/event-webhook.dto.js';
import { findEventHead } from './event-reads.js';
import { whyNotSent } from './why-not-sent.js';

/** Tells of each webhook what it got of an event, or why nothing. Nothing is stored for that: revisions are kept. */
@Injectable()
export class EventWebhooksService {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws ApiError EVENT_NOT_FOUND */
  async list(environmentId: string, eventId: string, query: PageQuery): Promise<PageDto<EventWebhookDto>> {
    const event = await findEventHead(this.dataSource, environmentId, eventId);
    if (!event) throw notFound('EVENT_NOT_FOUND');
    const before = startAfter(query);
    if (event.eventType === TEST_EVENT_TYPE) return this.listOfTest(environmentId, eventId, before, query.limit);

    const webhooks = await listWebhookStates(this.dataSource, {
      environmentId,
      at: event.createdAt,
      before,
      limit: query.limit + 1,
    });
    const page = toPage(webhooks, query.limit, ({ webhookId }) => webhookId);
    // After the webhooks: a delivery that is made meanwhile is seen.
    const deliveries = await listDeliveriesOfEvent(
      this.dataSource,
      environmentId,
      eventId,
      page.result.map(({ webhookId }) => webhookId),
    );
    const byWebhook = new Map(deliveries.map((delivery) => [delivery.webhook_id, delivery]));
    return mapPage(page, ({ webhookId, states }) => {
      const delivery = byWebhook.get(webhookId);
      return delivery ? EventWebhookDto.of(delivery) : EventWebhookDto.without(webhookId, whyNotSent(states, event));
    });
  }

  /** What `POST /webhook/test` sends concerns the one webhook alone, whatever others are subscribed to. */
  private async listOfTest(
    environmentId: string,
    eventId: string,
    before: string | null,
    limit: number,
  ): Promise<PageDto<EventWebhookDto>> {
    const deliveries = await listDeliveriesOfEvent(this.dataSource, environmentId, eventId, null);
    const rows = deliveries.filter(({ webhook_id }) => before === null || webhook_id < before);
    const page = toPage(rows, limit, ({ webhook_id }) => webhook_id);
    return mapPage(page, (row) => EventWebhookDto.of(row));
  }
}

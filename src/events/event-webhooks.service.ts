import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../http/not-found.js';
import { type ListPart, mapPart, type PageDto, type PageQuery, toPart } from '../reads/page.js';
import { listDeliveriesOfEvent, listOwedWebhooks } from '../deliveries/queue/deliveries-of-event.js';
import { PageReader, type PartQuery } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import { listWebhookStates } from '../webhooks/webhook-revisions.repository.js';
import { EventWebhookDto } from './dto/event-webhook.dto.js';
import { type EventRow, findEventHead } from './event-reads.js';
import { whyNotSent } from './why-not-sent.js';

/** Tells what each webhook got of an event, or why nothing. Reasons are not stored: they follow from the revisions. */
@Injectable()
export class EventWebhooksService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly pages: PageReader,
  ) {}

  /** @throws ApiError EVENT_NOT_FOUND */
  async list(
    environmentId: string,
    eventId: string,
    query: PageQuery,
    reader: Reader,
  ): Promise<PageDto<EventWebhookDto>> {
    const event = await findEventHead(this.dataSource, environmentId, eventId);
    if (!event) throw notFound('EVENT_NOT_FOUND');
    const origin = { list: 'event-webhook', environmentId, parentId: eventId };
    return this.pages.read(origin, query, reader, (part) =>
      event.eventType === TEST_EVENT_TYPE ? this.partOfTest(event, part) : this.partOf(event, part),
    );
  }

  private async partOf(
    event: EventRow,
    { before, limit }: Omit<PartQuery, 'scanLimit'>,
  ): Promise<ListPart<EventWebhookDto>> {
    const { environmentId, id, createdAt: at } = event;
    const found = await listWebhookStates(this.dataSource, { environmentId, at, before, limit: limit + 1 });
    const webhooks = toPart(found, limit, ({ webhookId }) => webhookId);
    const webhookIds = webhooks.rows.map(({ webhookId }) => webhookId);
    // In this order what is made meanwhile is seen: webhooks, then owed, then deliveries.
    const owed = new Set(await listOwedWebhooks(this.dataSource, environmentId, id, webhookIds));
    const deliveries = await listDeliveriesOfEvent(this.dataSource, environmentId, id, webhookIds);
    const byWebhook = new Map(deliveries.map((delivery) => [delivery.webhook_id, delivery]));
    return mapPart(webhooks, ({ webhookId, states }) => {
      const delivery = byWebhook.get(webhookId);
      if (delivery) return EventWebhookDto.of(delivery);
      if (owed.has(webhookId)) return EventWebhookDto.owed(webhookId);
      return EventWebhookDto.without(webhookId, whyNotSent(states, event));
    });
  }

  /** A test event concerns its one webhook alone, whatever others are subscribed to. */
  private async partOfTest(
    { environmentId, id }: EventRow,
    { before, limit }: Omit<PartQuery, 'scanLimit'>,
  ): Promise<ListPart<EventWebhookDto>> {
    const deliveries = await listDeliveriesOfEvent(this.dataSource, environmentId, id, null);
    const rows = deliveries.filter(({ webhook_id }) => before === null || webhook_id < before);
    return mapPart(
      toPart(rows, limit, ({ webhook_id }) => webhook_id),
      (row) => EventWebhookDto.of(row),
    );
  }
}

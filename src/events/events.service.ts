import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { databaseBusy } from '../http/database-busy.js';
import { idempotencyConflict, OTHER_CONTENT } from '../idempotency/idempotency-key.js';
import { idFilterOf } from '../reads/id-range.js';
import { notFound } from '../http/not-found.js';
import { mapPart, type PageDto } from '../reads/page.js';
import { timeOf, uuidV7 } from '../common/uuid-v7.js';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import { DatabaseClock } from '../database/database-clock.js';
import { DeliveryMetrics } from '../deliveries/delivery-metrics.js';
import { cancelDeliveriesOf } from '../deliveries/queue/deliveries-of-event.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { TEST_EVENT_TYPE } from '../webhooks/event-types.js';
import type { IncomingEvent } from '../deliveries/intake/delivery-intake.js';
import { findKeyUses, type KeyUse } from '../deliveries/intake/event-keys.js';
import { deletePayload } from './delete-payload.js';
import type { BatchEventDto, PublishEventDto } from './dto/publish-event.dto.js';
import { EventDetailDto, EventDto } from './dto/event.dto.js';
import type { EventQuery } from './dto/event.query.js';
import { EventIntake } from './event-intake.js';
import { findEvent, listEvents } from './event-reads.js';

@Injectable()
export class EventsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly intake: EventIntake,
    private readonly metrics: DeliveryMetrics,
    private readonly clock: DatabaseClock,
    private readonly pages: PageReader,
  ) {}

  /** @param waitedMs as in `EventIntake.accept`. */
  async publish(environmentId: string, body: PublishEventDto, key: string | null, waitedMs: number): Promise<EventDto> {
    const event = toIncoming(environmentId, body, key, this.clock.nowMs());
    const refused = await this.intake.accept([event], waitedMs);
    if (!refused.has(event.id)) return EventDto.of(event);
    const uses = await findKeyUses(this.dataSource, environmentId, [key!]);
    return EventDto.of(earlierEvent(event, uses));
  }

  /** @param waitedMs as in `EventIntake.accept`. */
  async publishBatch(environmentId: string, bodies: readonly BatchEventDto[], waitedMs: number): Promise<EventDto[]> {
    const now = this.clock.nowMs();
    const members = foldEqualMembers(
      bodies.map((body) => toIncoming(environmentId, body, body.idempotency_key ?? null, now)),
    );
    const distinct = [...new Set(members)];
    const answers = new Map<IncomingEvent, IncomingEvent>();
    if (distinct.some(({ idempotency }) => idempotency)) {
      await this.intake.acceptTogether(distinct, waitedMs, async (refused, database) => {
        // It may be asked again, when the connection of the first transaction broke.
        answers.clear();
        const repeated = distinct.filter(({ id }) => refused.has(id));
        if (repeated.length === 0) return;
        const uses = await findKeyUses(
          database,
          environmentId,
          repeated.map(({ idempotency }) => idempotency!.key),
        );
        for (const event of repeated) {
          answers.set(event, earlierEvent(event, uses, keyFieldOf(members.indexOf(event))));
        }
      });
    } else {
      await this.intake.accept(distinct, waitedMs);
    }
    return members.map((event) => EventDto.of(answers.get(event) ?? event));
  }

  list(environmentId: string, query: EventQuery, reader: Reader): Promise<PageDto<EventDto>> {
    const { event_type: eventType = null, idempotency_key: key } = query;
    const isTest = query.is_test ?? eventType === TEST_EVENT_TYPE;
    const filter = { environmentId, eventType, isTest, ...idFilterOf(query) };
    return this.pages.read({ list: 'event', environmentId }, query, reader, async ({ scanLimit, ...range }) => {
      const ids = key === undefined ? filter.ids : await this.publishedWith(environmentId, key, filter.ids);
      const part = await listEvents(this.dataSource, { ...filter, ...range, ids }, scanLimit);
      return mapPart(part, (row) => EventDto.of(row));
    });
  }

  /** @param ids the event must be among these; null: any. */
  private async publishedWith(environmentId: string, key: string, ids: readonly string[] | null): Promise<string[]> {
    const id = (await findKeyUses(this.dataSource, environmentId, [key])).get(key)?.eventId;
    return id !== undefined && (ids?.includes(id) ?? true) ? [id] : [];
  }

  async get(environmentId: string, id: string): Promise<EventDetailDto> {
    const event = await findEvent(this.dataSource, environmentId, id);
    if (!event) throw notFound('EVENT_NOT_FOUND');
    return EventDetailDto.of(event);
  }

  /** Removes the payload and cancels what is still owed, all or nothing. */
  async delete(environmentId: string, id: string, actor: string): Promise<{ id: string }> {
    const canceled = await this.partitions.provide(() =>
      this.dataSource.transaction(async (manager) => {
        const hadPayload = await deletePayload(manager, environmentId, id);
        if (hadPayload === null) throw notFound('EVENT_NOT_FOUND');
        if (!hadPayload) return 0;
        // A later statement than the lock: it sees what was brought back into the queue until then.
        const count = await cancelDeliveriesOf(manager, environmentId, id);
        await recordAudit(manager, [
          { environmentId, actor, action: 'deleted', resourceType: 'event', resourceId: id },
        ]);
        return count;
      }),
    );
    this.metrics.canceledFor('stopped', canceled);
    return { id };
  }
}

function toIncoming(environmentId: string, body: PublishEventDto, key: string | null, now: number): IncomingEvent {
  return {
    id: uuidV7(now),
    environmentId,
    eventType: body.event_type,
    payload: body.payload.text,
    createdAt: new Date(now),
    idempotency: key === null ? null : { key, contentHash: contentHashOf(body) },
  };
}

/** Covers the payload byte for byte: other spacing is other content. */
function contentHashOf({ event_type, payload }: PublishEventDto): Buffer {
  return createHash('sha256').update(event_type).update('\0').update(payload.text).digest();
}

/** Equal members that share a key become one; a shared key with other content is a conflict. */
function foldEqualMembers(events: readonly IncomingEvent[]): IncomingEvent[] {
  const byKey = new Map<string, IncomingEvent>();
  return events.map((event, index) => {
    if (!event.idempotency) return event;
    const first = byKey.get(event.idempotency.key);
    if (!first) {
      byKey.set(event.idempotency.key, event);
      return event;
    }
    if (!first.idempotency!.contentHash.equals(event.idempotency.contentHash)) {
      throw idempotencyConflict('is used twice in this batch with other content', keyFieldOf(index));
    }
    return first;
  });
}

function keyFieldOf(index: number): string {
  return `events.${index}.idempotency_key`;
}

/**
 * The event that was accepted under this key before.
 *
 * @param field where the request has the key; absent: in the header.
 */
function earlierEvent(event: IncomingEvent, uses: ReadonlyMap<string, KeyUse>, field?: string): IncomingEvent {
  const { key, contentHash } = event.idempotency!;
  const use = uses.get(key);
  if (!use) {
    throw databaseBusy('The idempotency key has just run out; repeat the request');
  }
  if (!use.contentHash.equals(contentHash)) {
    throw idempotencyConflict(OTHER_CONTENT, field);
  }
  return { ...event, id: use.eventId, createdAt: new Date(timeOf(use.eventId)) };
}

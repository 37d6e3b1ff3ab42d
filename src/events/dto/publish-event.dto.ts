import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsIn, ValidateBy } from 'class-validator';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from '../../idempotency/idempotency-key.js';
import { ApiPayload } from '../../openapi/api-property.js';
import { isObject } from '../../http/dto-reader.js';
import { ItemsOf } from '../../http/dto-shape.js';
import { MayBeAbsent } from '../../openapi/property-rules.js';
import { VerbatimJson } from '../../http/verbatim-json.js';
import { EVENT_TYPE } from '../../webhooks/dto/webhook-properties.js';
import { EVENT_TYPE_NAMES, type EventType, examplePayloadOf, NO_EVENT_TYPE } from '../../webhooks/event-types.js';

export const MAX_BATCH = 1_000;

@ApiSchema({ name: 'PublishEvent' })
export class PublishEventDto {
  @ApiProperty({
    ...EVENT_TYPE,
    description: 'What happened. Every active webhook that is subscribed to it receives the event.',
    example: 'integrated_account:created',
  })
  @IsIn(EVENT_TYPE_NAMES, { message: NO_EVENT_TYPE })
  event_type: EventType;

  @ApiPayload({
    description:
      'Any JSON object, at most MAX_EVENT_BYTES long (256 KiB by default) and 64 levels deep. Receivers get its text ' +
      'exactly as it was written.',
    example: examplePayloadOf('integrated_account:created'),
  })
  payload: VerbatimJson;

  /** See `FastParsed`: a known type, an object as the payload, no other member. */
  static tryFastParse(body: object): PublishEventDto | null {
    if (!isPlainEvent(body) || Object.keys(body).length !== 2) return null;
    const event = new PublishEventDto();
    event.event_type = body.event_type;
    event.payload = body.payload;
    return event;
  }
}

@ApiSchema({ name: 'BatchEvent' })
export class BatchEventDto extends PublishEventDto {
  @ApiPropertyOptional({
    ...IDEMPOTENCY_KEY,
    description: 'Makes this event safe to send again: what `Idempotency-Key` is for a single one.',
    example: 'order-1045-created',
  })
  @MayBeAbsent()
  @ValidateBy({
    name: 'isIdempotencyKey',
    validator: { validate: isIdempotencyKey, defaultMessage: () => IDEMPOTENCY_KEY_RULE },
  })
  idempotency_key?: string;

  static override tryFastParse(body: object): BatchEventDto | null {
    if (!isPlainEvent(body)) return null;
    const event = new BatchEventDto();
    event.event_type = body.event_type;
    event.payload = body.payload;
    if (Object.keys(body).length === 2) return event;
    if (Object.keys(body).length !== 3 || !isIdempotencyKey(body.idempotency_key)) return null;
    event.idempotency_key = body.idempotency_key;
    return event;
  }
}

@ApiSchema({ name: 'PublishEventBatch' })
export class PublishEventBatchDto {
  @ApiProperty({
    type: [BatchEventDto],
    minItems: 1,
    maxItems: MAX_BATCH,
    description: 'All of them are accepted, or none.',
  })
  @ItemsOf(BatchEventDto)
  @ValidateBy({
    name: 'isBatch',
    validator: { validate: isBatch, defaultMessage: () => `must be an array of 1 to ${MAX_BATCH} events` },
  })
  events: BatchEventDto[];

  static tryFastParse(body: object): PublishEventBatchDto | null {
    const { events } = body as { events?: unknown };
    if (!isBatch(events) || Object.keys(body).length !== 1) return null;
    const batch = new PublishEventBatchDto();
    batch.events = [];
    for (const member of events) {
      const event = isObject(member) ? BatchEventDto.tryFastParse(member) : null;
      if (!event) return null;
      batch.events.push(event);
    }
    return batch;
  }
}

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(EVENT_TYPE_NAMES);

function isPlainEvent(
  body: object,
): body is { event_type: EventType; payload: VerbatimJson; idempotency_key?: unknown } {
  const { event_type, payload } = body as { event_type?: unknown; payload?: unknown };
  return KNOWN_TYPES.has(event_type) && payload instanceof VerbatimJson && payload.kind === 'object';
}

function isBatch(events: unknown): events is unknown[] {
  return Array.isArray(events) && events.length >= 1 && events.length <= MAX_BATCH;
}

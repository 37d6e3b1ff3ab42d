import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, ValidateBy, ValidateNested } from 'class-validator';
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from '../../common/idempotency-key.js';
import { ApiPayload } from '../../common/api-property.js';
import { MayBeAbsent } from '../../common/property-rules.js';
import { VerbatimJson } from '../../common/verbatim-json.js';
import { EVENT_TYPE_NAMES, type EventType } from '../../webhooks/event-types.js';

/** Events that one request may carry. */
export const MAX_BATCH = 1_000;

@ApiSchema({ name: 'PublishEvent' })
export class PublishEventDto {
  @ApiProperty({
    enum: EVENT_TYPE_NAMES,
    enumName: 'EventType',
    description: 'What happened. Every active webhook that is subscribed to it receives the event.',
    example: 'integrated_account:created',
  })
  @IsIn(EVENT_TYPE_NAMES, { message: 'must be one of the event types, see GET /event-type' })
  event_type: EventType;

  @ApiPayload({ description: 'Any JSON object. Receivers get its text exactly as it was written.' })
  payload: VerbatimJson;
}

@ApiSchema({ name: 'BatchEvent' })
export class BatchEventDto extends PublishEventDto {
  @ApiPropertyOptional({
    type: 'string',
    minLength: 1,
    maxLength: 255,
    description: 'Makes this event safe to send again: what `Idempotency-Key` is for a single one.',
    example: 'order-1045-created',
  })
  @MayBeAbsent()
  @ValidateBy({
    name: 'isIdempotencyKey',
    validator: { validate: isIdempotencyKey, defaultMessage: () => IDEMPOTENCY_KEY_RULE },
  })
  idempotency_key?: string;
}

@ApiSchema({ name: 'PublishEventBatch' })
export class PublishEventBatchDto {
  @ApiProperty({
    type: [BatchEventDto],
    minItems: 1,
    maxItems: MAX_BATCH,
    description: 'All of them are accepted, or none.',
  })
  @Type(() => BatchEventDto)
  @Transform(({ value }: { value: unknown }) => (isBatch(value) ? value.map(eventOrNull) : undefined))
  @ValidateBy({
    name: 'isBatch',
    validator: { validate: isBatch, defaultMessage: () => `must be an array of 1 to ${MAX_BATCH} events` },
  })
  @ValidateNested({ each: true })
  events: BatchEventDto[];
}

function isBatch(events: unknown): events is unknown[] {
  return Array.isArray(events) && events.length >= 1 && events.length <= MAX_BATCH;
}

/** ValidateNested refuses null by its place, but takes an array for more events. */
function eventOrNull(member: unknown): BatchEventDto | null {
  return member instanceof BatchEventDto ? member : null;
}

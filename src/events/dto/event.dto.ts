import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiCount, ApiTimestamp, ApiUuid, EVENT_PAYLOAD_REF } from '../../openapi/api-property.js';
import { VerbatimJson } from '../../http/verbatim-json.js';
import { DeliveryEventTypeProperty } from '../../deliveries/dto/delivery-event-type.js';
import type { EventDetail, EventRow } from '../event-reads.js';

@ApiSchema({ name: 'Event' })
export class EventDto {
  @ApiUuid({
    description: 'The id of the event, the same in every delivery of it: receivers drop duplicates by it.',
    example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  })
  id: string;

  @ApiUuid({
    description: 'The environment that the event belongs to.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string;

  @DeliveryEventTypeProperty()
  event_type: string;

  @ApiTimestamp({ description: 'When the event was accepted.' })
  created_at: string;

  static of(event: EventRow): EventDto {
    return {
      id: event.id,
      environment_id: event.environmentId,
      event_type: event.eventType,
      created_at: event.createdAt.toISOString(),
    };
  }
}

@ApiSchema({ name: 'EventDeliveryCounts' })
export class EventDeliveryCountsDto {
  @ApiCount({ description: 'Those that are pending.', example: 0 })
  pending: number;

  @ApiCount({ description: 'Those that succeeded.', example: 2 })
  succeeded: number;

  @ApiCount({ description: 'Those that failed.', example: 0 })
  failed: number;

  @ApiCount({ description: 'Those that were canceled.', example: 0 })
  canceled: number;
}

@ApiSchema({ name: 'EventDetail' })
export class EventDetailDto extends EventDto {
  @ApiProperty({
    anyOf: [EVENT_PAYLOAD_REF, { type: 'null' }],
    description: 'The payload, its text exactly as it was published. Null: it was deleted.',
    example: { id: '79a39d69-e27e-49cb-b9a9-79f5eea7aa26' },
  })
  payload: VerbatimJson | null;

  @ApiProperty({ type: EventDeliveryCountsDto, description: 'The deliveries of the event by status.' })
  deliveries: EventDeliveryCountsDto;

  static override of(event: EventDetail): EventDetailDto {
    return {
      ...super.of(event),
      payload: event.payload === null ? null : VerbatimJson.of(event.payload),
      deliveries: event.deliveries,
    };
  }
}

@ApiSchema({ name: 'EventBatch' })
export class EventBatchDto {
  @ApiProperty({ type: [EventDto], description: 'The accepted events, in the order of the request.' })
  result: EventDto[];
}

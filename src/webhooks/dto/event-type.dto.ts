import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { EVENT_PAYLOAD_REF } from '../../openapi/api-property.js';
import { growingEnum } from '../../openapi/named-enum.js';
import type { ExamplePayload } from '../event-examples.js';
import { EVENT_TYPE_NAMES, EVENT_TYPES, type EventType, examplePayloadOf } from '../event-types.js';

@ApiSchema({ name: 'EventTypeDescription' })
export class EventTypeDto {
  @ApiProperty({
    ...growingEnum('ListedEventType', EVENT_TYPE_NAMES, 'The name of an event type.'),
    description: 'Its name.',
    example: 'record:created',
  })
  event_type: EventType;

  @ApiProperty({
    type: 'string',
    description: 'What has happened.',
    example: 'A record was created in the connected product.',
  })
  description: string;

  @ApiProperty({
    allOf: [EVENT_PAYLOAD_REF],
    description: 'What a `payload` of this type looks like.',
    example: examplePayloadOf('record:created'),
  })
  example: ExamplePayload;
}

@ApiSchema({ name: 'EventTypeList' })
export class EventTypeListDto {
  @ApiProperty({ type: [EventTypeDto], description: 'All event types, in the documented order.' })
  result: EventTypeDto[];
}

export function allEventTypes(): EventTypeListDto {
  return { result: EVENT_TYPES.map(({ type, description, example }) => ({ event_type: type, description, example })) };
}

import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { EVENT_PAYLOAD_REF } from '../../common/api-property.js';
import type { ExamplePayload } from '../event-examples.js';
import { EVENT_TYPES, type EventType, examplePayloadOf } from '../event-types.js';
import { EVENT_TYPE } from './webhook-properties.js';

@ApiSchema({ name: 'EventTypeDescription' })
export class EventTypeDto {
  @ApiProperty({ ...EVENT_TYPE, description: 'Its name.', example: 'record:created' })
  event_type: EventType;

  @ApiProperty({ type: 'string', example: 'A record was created in the connected product.' })
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
  @ApiProperty({ type: [EventTypeDto] })
  result: EventTypeDto[];
}

export function allEventTypes(): EventTypeListDto {
  return { result: EVENT_TYPES.map(({ type, description, example }) => ({ event_type: type, description, example })) };
}

import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsUUID } from 'class-validator';
import { ApiUuid } from '../../openapi/api-property.js';
import { namedEnum } from '../../openapi/named-enum.js';
import { MayBeAbsent } from '../../openapi/property-rules.js';
import { EVENT_TYPE_NAMES, NO_EVENT_TYPE, TEST_EVENT_TYPE, type EventType } from '../../webhooks/event-types.js';

const SENDABLE = [TEST_EVENT_TYPE, ...EVENT_TYPE_NAMES] as const;

@ApiSchema({ name: 'WebhookTest' })
export class WebhookTestDto {
  @ApiProperty({
    type: 'string',
    format: 'uuid',
    description: 'The webhook to test.',
    example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  })
  @IsUUID('loose', { message: 'must be a UUID' })
  id: string;

  @ApiPropertyOptional({
    ...namedEnum('TestEventType', SENDABLE, 'What a test can send: `test` itself, or the example of an event type.'),
    description: 'Send the example payload of this type. When absent: the event `test` with `{"foo":"bar"}`.',
  })
  @MayBeAbsent()
  @IsIn(SENDABLE, { message: NO_EVENT_TYPE })
  event_type?: EventType | typeof TEST_EVENT_TYPE;
}

@ApiSchema({ name: 'WebhookTestResult' })
export class WebhookTestResultDto {
  @ApiProperty({
    type: 'boolean',
    description: 'Always true: when the endpoint did not accept the event, the answer is an error.',
    example: true,
  })
  success: true;

  @ApiUuid({ description: 'The delivery. `GET /delivery/{id}` has what was sent and answered.' })
  delivery_id: string;
}

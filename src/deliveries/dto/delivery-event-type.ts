import { ApiProperty } from '@nestjs/swagger';
import { EVENT_TYPE_NAMES, TEST_EVENT_TYPE } from '../../webhooks/event-types.js';

/** What an event in the log can be: a published one of the event types, or one that `POST /webhook/test` made. */
export const DELIVERY_EVENT_TYPES: readonly string[] = [...EVENT_TYPE_NAMES, TEST_EVENT_TYPE];

export function DeliveryEventTypeProperty(): PropertyDecorator {
  return ApiProperty({
    enum: DELIVERY_EVENT_TYPES,
    enumName: 'DeliveryEventType',
    description: 'The type; `test` is what `POST /webhook/test` sends.',
    example: 'integrated_account:created',
  });
}

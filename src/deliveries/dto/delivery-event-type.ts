import { ApiProperty } from '@nestjs/swagger';
import { OPERATIONAL_EVENT_TYPES } from '../../common/operational-events.js';
import { EVENT_TYPE_NAMES, TEST_EVENT_TYPE } from '../../webhooks/event-types.js';

/**
 * What an event in the log can be: a published one of the event types, one that `POST /webhook/test` made, or one that tells
 * the operator something.
 */
export const DELIVERY_EVENT_TYPES: readonly string[] = [
  ...EVENT_TYPE_NAMES,
  TEST_EVENT_TYPE,
  ...OPERATIONAL_EVENT_TYPES,
];

export function DeliveryEventTypeProperty(): PropertyDecorator {
  return ApiProperty({
    enum: DELIVERY_EVENT_TYPES,
    enumName: 'DeliveryEventType',
    description:
      'The type; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of the installation something.',
    example: 'integrated_account:created',
  });
}

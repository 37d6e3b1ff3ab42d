import { ApiProperty } from '@nestjs/swagger';
import { namedEnum } from '../../common/named-enum.js';
import { OPERATIONAL_EVENT_TYPES } from '../../common/operational-events.js';
import { EVENT_TYPE_NAMES, TEST_EVENT_TYPE } from '../../webhooks/event-types.js';

/**
 * What an event in the log can be: a published one of the event types, one that `POST /webhook/test` made, or one that tells
 * the operator something.
 */
export const DELIVERY_EVENT_TYPE = namedEnum(
  'DeliveryEventType',
  [...EVENT_TYPE_NAMES, TEST_EVENT_TYPE, ...OPERATIONAL_EVENT_TYPES],
  'The type of an event in the log; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of ' +
    'the installation something.',
);

export function DeliveryEventTypeProperty(): PropertyDecorator {
  return ApiProperty({
    ...DELIVERY_EVENT_TYPE,
    description: 'The type of the event.',
    example: 'integrated_account:created',
  });
}

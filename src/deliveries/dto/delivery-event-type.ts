import { ApiProperty } from '@nestjs/swagger';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { OPERATIONAL_EVENT_TYPES } from '../../common/operational-events.js';
import { EVENT_TYPE_NAMES, TEST_EVENT_TYPE } from '../../webhooks/event-types.js';

const LOGGED_TYPES = [...EVENT_TYPE_NAMES, TEST_EVENT_TYPE, ...OPERATIONAL_EVENT_TYPES];

const MEANING =
  'The type of an event in the log; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of ' +
  'the installation something.';

export const EVENT_TYPE_FILTER = namedEnum('EventTypeFilter', LOGGED_TYPES, MEANING);

export function DeliveryEventTypeProperty(): PropertyDecorator {
  return ApiProperty({
    ...growingEnum('DeliveryEventType', LOGGED_TYPES, MEANING),
    description: 'The type of the event.',
    example: 'integrated_account:created',
  });
}

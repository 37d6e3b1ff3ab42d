import { PageQuery } from '../../common/page.js';
import { QueryDate, QueryOneOf, QueryUuid } from '../../common/query-property.js';
import type { DeliveryStatus } from '../delivery.types.js';
import { DELIVERY_STATUS } from './delivery.dto.js';
import { DELIVERY_EVENT_TYPE } from './delivery-event-type.js';

export class DeliveryQuery extends PageQuery {
  @QueryUuid({ description: 'Only deliveries to this webhook.' })
  webhook_id?: string;

  @QueryUuid({ description: 'Only deliveries of this event.' })
  event_id?: string;

  @QueryOneOf(DELIVERY_EVENT_TYPE, { description: 'Only deliveries of events of this type.' })
  event_type?: string;

  @QueryOneOf(DELIVERY_STATUS, { description: 'Only deliveries in this status.' })
  status?: DeliveryStatus;

  @QueryDate({ description: 'Only deliveries created after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only deliveries created before this instant.' })
  created_before?: Date;
}

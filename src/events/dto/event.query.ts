import { PageQuery } from '../../common/page.js';
import { QueryDate, QueryOneOf } from '../../common/query-property.js';
import { DELIVERY_EVENT_TYPE } from '../../deliveries/dto/delivery-event-type.js';

export class EventQuery extends PageQuery {
  @QueryOneOf(DELIVERY_EVENT_TYPE, { description: 'Only events of this type.' })
  event_type?: string;

  @QueryDate({ description: 'Only events accepted after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only events accepted before this instant.' })
  created_before?: Date;
}

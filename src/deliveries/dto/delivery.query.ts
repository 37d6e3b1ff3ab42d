import { ListQuery } from '../../reads/page.js';
import { QueryAnyOf, QueryBoolean, QueryDate, QueryOneOf, QueryUuid } from '../../openapi/query-property.js';
import type { DeliveryStatus } from '../delivery.types.js';
import type { StatusRange } from '../queue/list-deliveries.js';
import { ATTEMPT_ERROR_FILTER } from './attempt.dto.js';
import { DELIVERY_STATUS } from './delivery.dto.js';
import { EVENT_TYPE_FILTER } from './delivery-event-type.js';
import { QueryResponseStatus } from './query-response-status.js';

export class DeliveryQuery extends ListQuery {
  @QueryUuid({ description: 'Only deliveries to this webhook.' })
  webhook_id?: string;

  @QueryUuid({ description: 'Only deliveries of this event.' })
  event_id?: string;

  @QueryOneOf(EVENT_TYPE_FILTER, { description: 'Only deliveries of events of this type.' })
  event_type?: string;

  @QueryAnyOf(DELIVERY_STATUS, {
    description:
      'Only deliveries in one of these statuses: `status=failed&status=canceled`, or `status=failed,canceled`.',
  })
  status?: DeliveryStatus[];

  @QueryResponseStatus({
    description:
      'Only deliveries whose latest attempt was answered with this HTTP status, or with one of a class: `500`, `4xx`, `5xx`.',
  })
  response_status?: StatusRange;

  @QueryOneOf(ATTEMPT_ERROR_FILTER, {
    description: 'Only deliveries whose latest attempt got no answer for this reason.',
  })
  error?: string;

  @QueryBoolean({
    description:
      'True: only what `POST /webhook/test` sent. False: all but that, which is the default unless `event_type` is `test`.',
  })
  is_test?: boolean;

  @QueryDate({ description: 'Only deliveries created after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only deliveries created before this instant.' })
  created_before?: Date;
}

import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from '../../idempotency/idempotency-key.js';
import { ListQuery } from '../../reads/page.js';
import { QueryBoolean, QueryDate, QueryOneOf, QueryText } from '../../openapi/query-property.js';
import { EVENT_TYPE_FILTER } from '../../deliveries/dto/delivery-event-type.js';

export class EventQuery extends ListQuery {
  @QueryOneOf(EVENT_TYPE_FILTER, { description: 'Only events of this type.' })
  event_type?: string;

  @QueryText(isIdempotencyKey, IDEMPOTENCY_KEY_RULE, {
    ...IDEMPOTENCY_KEY,
    description:
      'Only the event that was published with this idempotency key, as long as the key is remembered: for ' +
      'IDEMPOTENCY_WINDOW (24 hours by default) at least.',
  })
  idempotency_key?: string;

  @QueryBoolean({
    description:
      'True: only what `POST /webhook/test` sent. False: all but that, which is the default unless `event_type` is `test`.',
  })
  is_test?: boolean;

  @QueryDate({ description: 'Only events accepted after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only events accepted before this instant.' })
  created_before?: Date;
}

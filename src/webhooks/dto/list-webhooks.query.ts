import { ListQuery } from '../../reads/page.js';
import { namedEnum } from '../../openapi/named-enum.js';
import { QueryBoolean, QueryOneOf } from '../../openapi/query-property.js';
import { ENDPOINT_STATES, type EndpointState } from '../endpoint-state.js';

export const ENDPOINT_STATE = namedEnum(
  'EndpointState',
  ENDPOINT_STATES,
  'How an endpoint is doing. `failing`: attempts failed since the last that succeeded, and it gets what is due. `down`: ' +
    'many failed in a row; what waits is held, and one at a time is sent to find out whether it is up again. `recovering`: ' +
    'it is up again, and gets what waited little by little. `paused`: it asked for a pause (429). `inactive`: the webhook ' +
    'is.',
);

export class ListWebhooksQuery extends ListQuery {
  @QueryBoolean({ description: 'Only the active webhooks, or only the inactive ones.' })
  is_active?: boolean;

  @QueryBoolean({
    description:
      'Only the webhooks of which an attempt has failed since the last one that succeeded, or only the others.',
  })
  failing?: boolean;

  @QueryOneOf(ENDPOINT_STATE, {
    description: 'Only the webhooks of which `GET /webhook/{id}/health` tells this state.',
  })
  state?: EndpointState;
}

import { PageQuery } from '../../common/page.js';
import { QueryBoolean } from '../../common/query-property.js';

export class ListWebhooksQuery extends PageQuery {
  @QueryBoolean({ description: 'Only the active webhooks, or only the inactive ones.' })
  is_active?: boolean;

  @QueryBoolean({
    description:
      'Only the webhooks of which an attempt has failed since the last one that succeeded, or only the others.',
  })
  failing?: boolean;
}

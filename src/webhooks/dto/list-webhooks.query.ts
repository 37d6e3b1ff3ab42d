import { PageQuery } from '../../common/page.js';
import { QueryBoolean } from '../../common/query-property.js';

export class ListWebhooksQuery extends PageQuery {
  @QueryBoolean({ description: 'Only the active webhooks, or only the inactive ones.' })
  is_active?: boolean;
}

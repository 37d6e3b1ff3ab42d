import { SYSTEM_ACTOR } from '../../auth/principal.js';
import { ListQuery } from '../../reads/page.js';
import { QueryDate, QueryOneOf, QueryUuid, QueryUuidOr } from '../../openapi/query-property.js';
import type { AuditAction } from '../audit-entry.js';
import { AUDIT_ACTION_FILTER } from './audit-entry.dto.js';

export class AuditQuery extends ListQuery {
  @QueryUuid({ description: 'Only entries of this environment, also of one that was deleted.' })
  environment_id?: string;

  @QueryUuidOr(['admin', SYSTEM_ACTOR], {
    description: 'Only what this actor did: the id of an API token, `admin`, or `system`.',
  })
  actor?: string;

  @QueryUuid({ description: 'Only what was done to this environment, API token, webhook or delivery.' })
  resource_id?: string;

  @QueryOneOf(AUDIT_ACTION_FILTER, { description: 'Only entries of this action.' })
  action?: AuditAction;

  @QueryDate({ description: 'Only entries made after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only entries made before this instant.' })
  created_before?: Date;
}

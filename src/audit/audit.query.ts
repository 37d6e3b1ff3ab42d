import { SYSTEM_ACTOR } from '../auth/principal.js';
import { PageQuery } from '../common/page.js';
import { QueryDate, QueryOneOf, QueryUuid, QueryUuidOr } from '../common/query-property.js';
import type { AuditAction } from './audit-entry.js';
import { AUDIT_ACTION } from './audit-entry.dto.js';

export class AuditQuery extends PageQuery {
  @QueryUuid({ description: 'Only entries of this environment, also of one that was deleted.' })
  environment_id?: string;

  @QueryUuidOr(['admin', SYSTEM_ACTOR], { description: 'Only what this API token did, or `admin`, or `system`.' })
  actor?: string;

  @QueryUuid({ description: 'Only what was done to this environment, API token, webhook or delivery.' })
  resource_id?: string;

  @QueryOneOf(AUDIT_ACTION, { description: 'Only entries of this action.' })
  action?: AuditAction;

  @QueryDate({ description: 'Only entries made after this instant.' })
  created_after?: Date;

  @QueryDate({ description: 'Only entries made before this instant.' })
  created_before?: Date;
}

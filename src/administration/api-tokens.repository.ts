import type { EntityManager, FindOptionsWhere } from 'typeorm';
import type { AuditAction, AuditRecord } from '../audit/audit-entry.js';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiToken } from '../auth/api-token.entity.js';

/** With its audit entry. */
export async function insertApiToken(manager: EntityManager, token: ApiToken, actor: string): Promise<void> {
  await manager.insert(ApiToken, token);
  await recordAudit(manager, [recordOf(token, 'created', actor)]);
}

/** With an audit entry for each. @returns how many there were */
export async function deleteApiTokens(
  manager: EntityManager,
  where: FindOptionsWhere<ApiToken>,
  actor: string,
): Promise<number> {
  const deletion = manager.createQueryBuilder().delete().from(ApiToken).where(where);
  const result = await deletion.returning('environment_id AS "environmentId", id').execute();
  const deleted = result.raw as Pick<ApiToken, 'environmentId' | 'id'>[];
  await recordAudit(
    manager,
    deleted.map((token) => recordOf(token, 'deleted', actor)),
  );
  return deleted.length;
}

function recordOf(
  { environmentId, id }: Pick<ApiToken, 'environmentId' | 'id'>,
  action: AuditAction,
  actor: string,
): AuditRecord {
  return { environmentId, actor, action, resourceType: 'api_token', resourceId: id };
}

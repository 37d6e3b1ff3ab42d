import { type EntityManager, type FindOptionsWhere, IsNull } from 'typeorm';
import type { AuditRecord } from '../audit/audit-entry.js';
import { recordAudit } from '../audit/audit.repository.js';
import { Environment } from '../auth/environment.entity.js';
import { ApiError } from '../http/errors.js';

/** With its audit entry. */
export async function insertEnvironment(
  manager: EntityManager,
  environment: Environment,
  actor: string,
): Promise<void> {
  await manager.insert(Environment, environment);
  const { id } = environment;
  const done = { actor, action: 'created' } as const;
  await recordAudit(manager, [{ environmentId: id, resourceType: 'environment', resourceId: id, ...done }]);
}

/**
 * Changes or deletes an environment, with an audit entry.
 *
 * @returns false, with nothing written, when none fits.
 */
export async function changeEnvironment(
  manager: EntityManager,
  where: FindOptionsWhere<Environment> & { id: string },
  change: Partial<Environment>,
  done: Pick<AuditRecord, 'actor' | 'action' | 'changedFields'>,
): Promise<boolean> {
  const { id } = where;
  const { affected } = await manager.update(Environment, { ...where, deletedAt: IsNull() }, change);
  if (affected !== 1) return false;
  await recordAudit(manager, [{ environmentId: id, resourceType: 'environment', resourceId: id, ...done }]);
  return true;
}

/** The first key of the advisory locks for names; the second is the name's hash. "name" in ASCII. */
const NAME_LOCK = 0x6e616d65;

/**
 * Makes sure that no environment has the name, and nobody else gets it before the transaction ends. A unique index
 * would refuse names that are shared since earlier versions, or on request.
 *
 * @throws ApiError ENVIRONMENT_NAME_TAKEN
 */
export async function claimEnvironmentName(manager: EntityManager, name: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [NAME_LOCK, name]);
  // A separate statement: it sees what was committed while the first one waited.
  const [taken] = await manager.query<{ id: string }[]>(
    'SELECT id FROM environment WHERE name = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1',
    [name],
  );
  if (!taken) return;
  throw new ApiError('ENVIRONMENT_NAME_TAKEN', 'Another environment has this name', {
    details: { environment_id: taken.id },
  });
}

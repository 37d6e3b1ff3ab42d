import type { EntityManager } from 'typeorm';
import { ApiError } from '../http/errors.js';

/** The first key of the advisory locks for taking a name; the second key is the hash of the name. "name" in ASCII. */
const NAME_LOCK = 0x6e616d65;

/**
 * Makes sure that no environment has the name, and that no other caller gets it before the transaction ends. A unique
 * index would refuse environments that share a name since earlier versions, or on request.
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

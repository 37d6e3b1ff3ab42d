import { type EntityManager, IsNull } from 'typeorm';
import { Environment } from './environment.entity.js';

/**
 * Holds the environment until the transaction ends: nobody deletes it meanwhile.
 *
 * @param lock `shared`: others may hold it, too, for code that adds to its contents. `exclusive`: they wait, for code that counts
 *   these first.
 * @returns false when there is no such environment.
 */
export async function holdEnvironment(
  manager: EntityManager,
  id: string,
  lock: 'shared' | 'exclusive',
): Promise<boolean> {
  const held = await manager.findOne(Environment, {
    select: { id: true },
    where: { id, deletedAt: IsNull() },
    lock: { mode: lock === 'shared' ? 'pessimistic_read' : 'for_no_key_update' },
  });
  return held !== null;
}

import { type EntityManager, IsNull } from 'typeorm';
import { Environment } from './environment.entity.js';

/**
 * Keeps the environment from being deleted until the transaction ends.
 *
 * @param lock `shared`: others may hold it, too. For code that adds contents. `exclusive`: they wait. For code that
 *   counts contents first.
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

import type { EntityManager } from 'typeorm';

/** The advisory lock of whoever moves statistics, or removes them. "stat" in ASCII. */
const STATS_LOCK = 0x73746174;

/** Until the transaction ends, nobody else moves or removes; false when somebody else does. */
export async function tryToLockStats(manager: EntityManager): Promise<boolean> {
  const [lock] = await manager.query<[{ isHeld: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [
    STATS_LOCK,
  ]);
  return lock.isHeld;
}

/** The same, once nobody else does. The next statement sees what they have written. */
export async function lockStats(manager: EntityManager): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [STATS_LOCK]);
}

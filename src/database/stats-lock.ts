import type { EntityManager } from 'typeorm';

/** For moving or removing statistics. "stat" in ASCII. */
const STATS_LOCK = 0x73746174;

/** Holds the lock until the transaction ends; false if somebody else has it. */
export async function tryToLockStats(manager: EntityManager): Promise<boolean> {
  const [lock] = await manager.query<[{ isHeld: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [
    STATS_LOCK,
  ]);
  return lock.isHeld;
}

/** Waits for the lock. The next statement sees what the earlier holders wrote. */
export async function lockStats(manager: EntityManager): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [STATS_LOCK]);
}

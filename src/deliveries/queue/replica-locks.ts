import type { OwnSession } from '../../database/own-session.js';
import type { Queryable } from '../../database/queryable.js';
import { isAlive } from './replicas.js';

/** The first of the two numbers of every replica's advisory lock. "tidr" in ASCII. */
const REPLICA_LOCKS = 0x74696472;

/** SQL: the two numbers. The last 32 bits of a replica's id are random. */
function lockOf(id: string): string {
  return `${REPLICA_LOCKS}, ('x' || right(${id}::text, 8))::bit(32)::int4`;
}

/** SQL: whether nobody holds it. Whoever looks holds it for the statement, with others who look. */
function isFree(id: string): string {
  return `pg_try_advisory_xact_lock_shared(${lockOf(id)})`;
}

/** SQL: whether the lock of a replica counts. A server that started again holds no locks, whoever lives. */
function isRegistered(replica: string): string {
  return `${isAlive(replica)} AND ${replica}.lock_server_started_at = pg_postmaster_start_time()`;
}

/**
 * The session holds the replica's lock from now on.
 *
 * @returns when the server started, which tells this server from others; null: the lock is not free.
 */
export async function takeReplicaLock(session: Queryable, id: string): Promise<string | null> {
  const [row] = await session.query<[{ isHeld: boolean; serverStartedAt: string }]>(
    `SELECT pg_try_advisory_lock(${lockOf('$1::uuid')}) AS "isHeld", pg_postmaster_start_time()::text AS "serverStartedAt"`,
    [id],
  );
  return row.isHeld ? row.serverStartedAt : null;
}

/**
 * When one of the server's processes crashes, the server ends every session, and with them all locks, without starting
 * again. Its statistics begin anew then: this tells since when. So the last such loss was then, or earlier. The time
 * stays the same while a session lives.
 */
export async function readLocksLostAt(session: Queryable): Promise<string> {
  const [row] = await session.query<[{ lostAt: string }]>(
    `SELECT coalesce(stats_reset, '-infinity')::text AS "lostAt" FROM pg_stat_bgwriter`,
  );
  return row.lostAt;
}

/** Gives the lock back. It also ends with the session, unless others use that, too. */
export async function giveBackReplicaLock(session: Queryable, id: string): Promise<void> {
  await session.query(`SELECT pg_advisory_unlock(${lockOf('$1::uuid')})`, [id]);
}

/** Whether another session finds the lock held. */
export async function seesReplicaLock(database: Queryable, id: string): Promise<boolean> {
  const [row] = await database.query<[{ isFree: boolean }]>(`SELECT ${isFree('$1::uuid')} AS "isFree"`, [id]);
  return !row.isFree;
}

/** A replica whose lock is free, though it said that it holds it. */
export interface Unlocked {
  id: string;
  seenAt: string;
}

/** @param locksLostAt whoever has sent no heartbeat since could not take its lock again yet. */
export function findUnlocked(session: OwnSession, ownId: string, locksLostAt: string): Promise<Unlocked[]> {
  return session.queryPrepared(
    'find_unlocked',
    `SELECT r.id, r.seen_at::text AS "seenAt" FROM replica r
     WHERE r.id <> $1::uuid AND r.seen_at > $2::timestamptz AND ${isRegistered('r')} AND ${isFree('r.id')}`,
    [ownId, locksLostAt],
  );
}

/**
 * Ends the replica's leases, unless it has taken its lock again or sent a heartbeat since it was found.
 *
 * @returns whether it is dead by this call, and not by another replica's.
 */
export async function declareDead(session: Queryable, { id, seenAt }: Unlocked): Promise<boolean> {
  const [row] = await session.query<[{ declared: number }]>(
    `WITH declared AS (
       UPDATE replica r SET died_at = now()
       WHERE r.id = $1::uuid AND r.seen_at = $2::timestamptz AND ${isRegistered('r')} AND ${isFree('r.id')}
       RETURNING 1
     )
     SELECT count(*)::int AS declared FROM declared`,
    [id, seenAt],
  );
  return row.declared > 0;
}

import type { Queryable } from '../../database/queryable.js';
import { isOneOf } from './columns.js';

/** A replica that was not seen for this long is dead, and its leases end. */
export const DEAD_AFTER_MS = 10_000;

/** SQL: whether a row of `replica` counts as living. */
export function isAlive(replica: string): string {
  return `${replica}.seen_at > now() - interval '${DEAD_AFTER_MS} milliseconds' AND ${replica}.died_at IS NULL`;
}

const TOUCH = `
  WITH touched AS (
    INSERT INTO replica (id, started_at, seen_at, lock_server_started_at) VALUES ($1::uuid, now(), now(), $2::timestamptz)
    ON CONFLICT (id) DO UPDATE
    SET seen_at = now(), lock_server_started_at = excluded.lock_server_started_at, died_at = NULL
  )
  SELECT count(*)::int AS others, extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs" FROM replica r
  WHERE id <> $1::uuid AND ${isAlive('r')}`;

/**
 * The heartbeat. It also brings back a replica that was taken for dead and removed.
 *
 * @param lockedOn the server on which it holds its lock (`takeReplicaLock`); null: it holds none.
 * @returns how many others live, as far as is known, and the database's Unix time in milliseconds.
 */
export async function touchReplica(
  database: Queryable,
  id: string,
  lockedOn: string | null,
): Promise<{ others: number; nowMs: number }> {
  const [row] = await database.query<[{ others: number; nowMs: number }]>(TOUCH, [id, lockedOn]);
  return row;
}

/**
 * Counts by heartbeats alone: whoever changes a webhook waits for these, and one that lost its lock is certain only that the
 * others know of its heartbeats.
 */
export async function hasOtherReplicas(database: Queryable, id: string): Promise<boolean> {
  const [row] = await database.query<{ exists: boolean }[]>(
    `SELECT EXISTS (
       SELECT 1 FROM replica WHERE id <> $1 AND seen_at > now() - interval '${DEAD_AFTER_MS} milliseconds'
     ) AS exists`,
    [id],
  );
  return row?.exists ?? false;
}

export async function countReplicas(database: Queryable): Promise<number> {
  const [row] = await database.query<[{ replicas: number }]>(
    `SELECT count(*)::int AS replicas FROM replica r WHERE ${isAlive('r')}`,
  );
  return row.replicas;
}

const SIGN_OFF = `
  WITH held AS MATERIALIZED (
    SELECT delivery_id FROM delivery_queue
    WHERE lease IS NOT NULL AND leased_by = $1::uuid AND cancel_reason IS NULL
    ORDER BY delivery_id
    FOR UPDATE
  ),
  released AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL, due_at = now(), is_forced = q.is_forced OR q.is_lease_forced
    WHERE ${isOneOf('q', 'held')}
  )
  DELETE FROM replica WHERE id = $1::uuid OR seen_at < now() - interval '1 day'`;

/**
 * Removes this replica, and those that died more than a day ago. What it still holds is due at once, and does not count
 * as lost.
 */
export async function signOff(database: Queryable, id: string): Promise<void> {
  await database.query(SIGN_OFF, [id]);
}

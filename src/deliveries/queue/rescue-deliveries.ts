import type { Queryable } from './queryable.js';
import { DEAD_AFTER_MS } from './replicas.js';

/** Leases lost in a row that end a delivery: a payload that kills the process must not loop. */
export const LOST_LEASES_LIMIT = 5;

/**
 * A replica's own leases outlive their time by this much before it frees them: while the database was away its results
 * wait in memory, and freeing them at once would send what only needs to be recorded.
 */
const OWN_LEASE_GRACE_MS = 5 * 60_000;

/** Rows freed by one statement: bounds its locks. */
const ROWS_PER_RESCUE = 500;

const RESCUE = `
  WITH lost AS MATERIALIZED (
    SELECT q.delivery_id, q.cancel_reason, q.lost_leases + 1 >= ${LOST_LEASES_LIMIT} AS is_last
    FROM delivery_queue q
    WHERE q.lease IS NOT NULL
      AND CASE
        WHEN q.leased_by = $1::uuid THEN q.leased_until < now() - interval '${OWN_LEASE_GRACE_MS} milliseconds'
        ELSE $2::boolean OR q.leased_until < now() OR NOT EXISTS (
          SELECT 1 FROM replica r
          WHERE r.id = q.leased_by AND r.seen_at > now() - interval '${DEAD_AFTER_MS} milliseconds'
        )
      END
    ORDER BY q.delivery_id
    LIMIT ${ROWS_PER_RESCUE}
    FOR UPDATE SKIP LOCKED
  ),
  waiting AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL, lost_leases = q.lost_leases + 1, due_at = now()
    FROM lost l
    WHERE q.delivery_id = l.delivery_id AND l.cancel_reason IS NULL AND NOT l.is_last
  ),
  removed AS (
    DELETE FROM delivery_queue q USING lost l
    WHERE q.delivery_id = l.delivery_id AND (l.cancel_reason IS NOT NULL OR l.is_last)
    RETURNING q.delivery_id, q.webhook_id, q.attempt_count, l.cancel_reason
  ),
  closed AS (
    UPDATE delivery d
    SET status = CASE WHEN r.cancel_reason IS NULL THEN 'failed' ELSE 'canceled' END, cancel_reason = r.cancel_reason,
      attempt_count = r.attempt_count + (r.cancel_reason IS NULL)::int, completed_at = now()
    FROM removed r
    WHERE d.id = r.delivery_id
  ),
  logged AS (
    INSERT INTO attempt (id, delivery_id, number, started_at, duration_ms, outcome, error, request_url, request_headers)
    SELECT uuid_v7(now()), r.delivery_id, r.attempt_count + 1, now(), 0, 'failed', 'worker_lost', w.target_url, '{}'
    FROM removed r JOIN webhook w ON w.id = r.webhook_id
    WHERE r.cancel_reason IS NULL
  )
  SELECT count(*)::int AS rescued FROM lost`;

/**
 * Frees the deliveries whose replica died or whose lease ran out, so that any replica can claim them.
 *
 * @param isExclusive no other process can be using this database (the embedded engine): every other lease is lost.
 * @returns how many were freed; a full batch means that there may be more.
 */
export async function rescueDeliveries(database: Queryable, replicaId: string, isExclusive: boolean): Promise<number> {
  let total = 0;
  for (;;) {
    const [row] = await database.query<{ rescued: number }[]>(RESCUE, [replicaId, isExclusive]);
    total += row?.rescued ?? 0;
    if ((row?.rescued ?? 0) < ROWS_PER_RESCUE) return total;
  }
}

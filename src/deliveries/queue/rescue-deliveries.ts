import type { CancelReason } from '../../common/outcomes.js';
import { uuidV7Floor } from '../../common/uuid-v7.js';
import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { boolean, uuid, uuidArray } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { DELIVERY_COLUMNS, isOneOf, queuedAs } from './columns.js';
import { isAlive } from './replicas.js';
import { REPORTED_COLUMNS, reportFailed } from './report-failed.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

/** Leases lost in a row that end a delivery: a payload that kills the process must not loop. */
export const LOST_LEASES_LIMIT = 5;

/** Bounds the locks of one statement. */
const ROWS_PER_RESCUE = 500;

/** Each replica looks every other second, mostly in vain: to plan it cost ten times as much as to run it. */
export const RESCUE_DELIVERIES = new StoredStatement({
  name: 'rescue_deliveries',
  parameters: { replica_id: uuid, is_exclusive: boolean, own_leases: uuidArray, listed_before: uuid },
  returns: columnsOf<Rescue>({ freed: 'int4', ended: 'json' }),
  sql: `
  WITH lost AS MATERIALIZED (
    SELECT q.delivery_id, q.cancel_reason, q.is_test OR q.lost_leases + 1 >= ${LOST_LEASES_LIMIT} AS is_last
    FROM delivery_queue q
    WHERE q.lease IS NOT NULL AND q.leased_by IS NOT NULL
      AND CASE
        WHEN q.leased_by = p_replica_id THEN q.lease <> ALL (p_own_leases) AND q.lease < p_listed_before
        ELSE p_is_exclusive OR q.leased_until < now() OR NOT EXISTS (
          SELECT 1 FROM replica r WHERE r.id = q.leased_by AND ${isAlive('r')}
        )
      END
    -- A row, which no index is sorted by: the key's would be read to its end, with all that waits.
    ORDER BY (q.delivery_id, q.lease)
    LIMIT ${ROWS_PER_RESCUE}
    FOR UPDATE SKIP LOCKED
  ),
  waiting AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL, lost_leases = q.lost_leases + 1, due_at = now(),
      -- Somebody asked for the attempt, and nobody knows whether it was made.
      is_forced = q.is_forced OR q.is_lease_forced, is_lease_forced = false
    WHERE ${isOneOf('q', 'lost', 'cancel_reason IS NULL AND NOT is_last')}
  ),
  removed AS (
    DELETE FROM delivery_queue q
    WHERE ${isOneOf('q', 'lost', 'cancel_reason IS NOT NULL OR is_last')}
    RETURNING ${queuedAs('q')}, q.lease, q.cancel_reason
  ),
  canceled AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, cancel_reason, completed_at)
    SELECT ${DELIVERY_COLUMNS}, attempt_count, 'canceled', cancel_reason, now() FROM removed
    WHERE cancel_reason IS NOT NULL
    RETURNING ${ENTERED_COLUMNS}
  ),
  failed AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, completed_at,
      number, lease, started_at, duration_ms, outcome, error, request_url, request_headers)
    SELECT r.id, r.environment_id, r.event_id, r.webhook_id, r.event_type, r.created_at, r.attempt_count + 1, 'failed',
      now(), r.attempt_count + 1, r.lease, now(), 0, 'failed', 'worker_lost', w.target_url, '{}'
    FROM removed r CROSS JOIN LATERAL (SELECT target_url FROM webhook WHERE id = r.webhook_id LIMIT 1) w
    WHERE r.cancel_reason IS NULL
    RETURNING ${REPORTED_COLUMNS}, duration_ms
  ),
  reported AS (${reportFailed('failed')}
  ),
  ended AS (
    SELECT ${ENTERED_COLUMNS} FROM canceled UNION ALL SELECT ${ENTERED_COLUMNS} FROM failed
  ),
  entered AS (${enterStats('ended')}
  )
  SELECT
    (SELECT count(*)::int FROM lost) AS freed,
    (SELECT coalesce(json_agg(cancel_reason), '[]') FROM removed) AS ended`,
});

export interface Rescue {
  freed: number;
  /** Deliveries that ended with their lease: why they were canceled, or null for `worker_lost`. */
  ended: (CancelReason | null)[];
}

export interface RescueOptions {
  replicaId: string;
  /** Only this process can use the database (the embedded engine): every lease of another is lost. */
  isExclusive: boolean;
  /**
   * The leases that this replica knows of. It may hold others: when the answer to a statement got lost, nobody knows
   * them.
   */
  ownLeases: readonly string[];
  /** When that list was made (`monotonicMs`, as in the leases' ids). What was leased since is not on it. */
  ownLeasesAt: number;
}

/**
 * Frees deliveries whose replica died, whose lease ran out, or whose lease nobody knows. A test is not sent again: it
 * ends as failed.
 */
export async function rescueDeliveries(database: Queryable, options: RescueOptions): Promise<Rescue> {
  const total: Rescue = { freed: 0, ended: [] };
  for (;;) {
    const [row] = await RESCUE_DELIVERIES.run(database, {
      replica_id: options.replicaId,
      is_exclusive: options.isExclusive,
      own_leases: options.ownLeases,
      listed_before: uuidV7Floor(options.ownLeasesAt),
    });
    total.freed += row!.freed;
    total.ended.push(...row!.ended);
    if (row!.freed < ROWS_PER_RESCUE) return total;
  }
}

import type { CancelReason } from '../delivery.types.js';
import type { Queryable } from '../../database/queryable.js';
import { DELIVERY_COLUMNS, isOneOf, queuedAs } from './columns.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

/** Deliveries that one statement cancels: it holds their rows for about 0.1 s. */
const ROWS_PER_STATEMENT = 5_000;

/**
 * Cancels what waits. An attempt under way may end: its delivery is marked, so that no other attempt follows. Rows are
 * locked in the order of their ids.
 */
const STOP = `
  WITH stopped AS (
    SELECT id FROM webhook WHERE id = ANY ($1::uuid[]) AND NOT is_active
  ),
  leased AS MATERIALIZED (
    SELECT delivery_id FROM delivery_queue
    WHERE lease IS NOT NULL AND cancel_reason IS NULL AND webhook_id IN (SELECT id FROM stopped)
    ORDER BY delivery_id
    FOR UPDATE
  ),
  marked AS (
    UPDATE delivery_queue q SET cancel_reason = $2::text, is_forced = false
    WHERE ${isOneOf('q', 'leased')}
  ),
  waiting AS MATERIALIZED (
    SELECT row.delivery_id FROM stopped s
    CROSS JOIN LATERAL (
      SELECT q.delivery_id FROM delivery_queue q
      WHERE q.lease IS NULL AND q.webhook_id = s.id
      ORDER BY q.due_at
      LIMIT ${ROWS_PER_STATEMENT}
      FOR UPDATE SKIP LOCKED
    ) row
    LIMIT ${ROWS_PER_STATEMENT}
  ),
  removed AS (
    DELETE FROM delivery_queue q
    WHERE ${isOneOf('q', 'waiting')}
    RETURNING ${queuedAs('q')}
  ),
  logged AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, cancel_reason, completed_at)
    SELECT ${DELIVERY_COLUMNS}, attempt_count, 'canceled', $2::text, now() FROM removed
    RETURNING ${ENTERED_COLUMNS}
  ),
  entered AS (${enterStats('logged')}
  )
  SELECT count(*)::int AS canceled FROM waiting`;

/**
 * Ends deliveries of those of the webhooks that no longer receive. Claims cancel what it passes over: rows that another
 * statement holds, and the rest when the process dies.
 */
export async function stopDeliveries(
  database: Queryable,
  webhookIds: readonly string[],
  reason: CancelReason,
): Promise<{ canceled: number; isMore: boolean }> {
  const [row] = await database.query<{ canceled: number }[]>(STOP, [webhookIds, reason]);
  const { canceled } = row!;
  return { canceled, isMore: canceled >= ROWS_PER_STATEMENT };
}

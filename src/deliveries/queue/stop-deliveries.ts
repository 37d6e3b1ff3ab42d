import type { CancelReason } from '../delivery.types.js';
import type { Queryable } from './queryable.js';

/**
 * What waits is canceled. What is being attempted may end: it is marked, so that no retry follows it. Rows are locked
 * in the order of their ids, as everywhere.
 */
const STOP = `
  WITH held AS MATERIALIZED (
    SELECT q.delivery_id, q.attempt_count, q.lease IS NOT NULL AS is_leased FROM delivery_queue q
    WHERE q.webhook_id = $1::uuid
    ORDER BY q.delivery_id
    FOR UPDATE
  ),
  marked AS (
    UPDATE delivery_queue q SET cancel_reason = $2::text
    FROM held h WHERE q.delivery_id = h.delivery_id AND h.is_leased
  ),
  removed AS (
    DELETE FROM delivery_queue q USING held h WHERE q.delivery_id = h.delivery_id AND NOT h.is_leased
  )
  UPDATE delivery d
  SET status = 'canceled', cancel_reason = $2::text, attempt_count = h.attempt_count, completed_at = now()
  FROM held h
  WHERE d.id = h.delivery_id AND NOT h.is_leased`;

/** Ends the deliveries that wait for a webhook which no longer receives. Runs in the transaction that stops it. */
export async function stopDeliveries(database: Queryable, webhookId: string, reason: CancelReason): Promise<void> {
  await database.query(STOP, [webhookId, reason]);
}

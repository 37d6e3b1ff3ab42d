import type { Queryable } from '../../database/queryable.js';

/** Whether the webhook receives; it stays so until the transaction ends. */
export async function lockWebhookState(
  database: Queryable,
  webhookId: string,
): Promise<{ is_active: boolean; is_deleted: boolean }> {
  const [row] = await database.query<{ is_active: boolean; is_deleted: boolean }[]>(
    'SELECT is_active, deleted_at IS NOT NULL AS is_deleted FROM webhook WHERE id = $1 FOR SHARE',
    [webhookId],
  );
  return row!;
}

/** While an attempt is under way the mark outlives it: should it fail, the next one follows at once. */
const HASTEN = `
  UPDATE delivery_queue SET is_forced = true, cancel_reason = NULL, due_at = least(due_at, now())
  WHERE delivery_id = $1::uuid`;

/** Acts on a finished delivery only; one that is pending keeps its row of the queue. */
const REQUEUE = `
  WITH reopened AS (
    UPDATE delivery SET status = 'pending', cancel_reason = NULL, completed_at = NULL
    WHERE id = $1::uuid AND status <> 'pending'
    RETURNING id, webhook_id, event_id, event_type = 'test' AS is_test, attempt_count
  )
  INSERT INTO delivery_queue (delivery_id, webhook_id, event_id, is_test, is_forced, due_at, attempt_count)
  SELECT id, webhook_id, event_id, is_test, true, now(), attempt_count FROM reopened`;

/**
 * Makes a delivery due now, whatever is known of its endpoint: one that waits comes forward, one that is finished is
 * pending again with the schedule anew, and one whose attempt fails meanwhile is attempted again. Attempt numbers go on.
 */
export async function requeueDelivery(database: Queryable, deliveryId: string): Promise<void> {
  await database.query(HASTEN, [deliveryId]);
  await database.query(REQUEUE, [deliveryId]);
}

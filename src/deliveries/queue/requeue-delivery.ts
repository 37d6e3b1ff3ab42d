import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { uuid } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { ATTEMPT_COLUMNS, DELIVERY_COLUMNS } from './columns.js';
import { withdrawStats } from './stats-entries.js';

/** Whether the webhook receives. Stays so until the transaction ends. */
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

/** Whether the event's payload is there. It stays until the transaction ends, even past its retention. */
export async function holdPayload(database: Queryable, environmentId: string, eventId: string): Promise<boolean> {
  const [row] = await database.query<{ has_payload: boolean }[]>(
    'SELECT payload IS NOT NULL AS has_payload FROM event WHERE environment_id = $1 AND id = $2 FOR SHARE',
    [environmentId, eventId],
  );
  return row?.has_payload ?? false;
}

/** The mark outlives an attempt under way: if that fails, the next one follows at once. */
const HASTEN = `
  UPDATE delivery_queue SET is_forced = true, cancel_reason = NULL, due_at = least(due_at, now())
  WHERE environment_id = $1::uuid AND delivery_id = $2::uuid`;

/**
 * SQL: queries of a WITH. `reopened` are finished deliveries, taken out of the log and the statistics. Their last
 * attempt goes to the other attempts.
 */
export function reopen(condition: string): string {
  return `reopened AS (
    DELETE FROM delivery WHERE ${condition}
    RETURNING ${DELIVERY_COLUMNS}, attempt_count, status, completed_at, ${ATTEMPT_COLUMNS}
  ),
  kept AS (
    INSERT INTO attempt (delivery_id, ${ATTEMPT_COLUMNS})
    SELECT id, ${ATTEMPT_COLUMNS} FROM reopened WHERE number IS NOT NULL
  ),
  withdrawn AS (${withdrawStats('reopened')}
  )`;
}

export const REQUEUE_DELIVERY = new StoredStatement({
  name: 'requeue_delivery',
  parameters: { environment_id: uuid, delivery_id: uuid },
  returns: columnsOf<{ delivery_id: string }>({ delivery_id: 'uuid' }),
  sql: `
  WITH ${reopen('environment_id = p_environment_id AND id = p_delivery_id')}
  INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, attempt_count,
    is_test, is_forced, due_at)
  SELECT ${DELIVERY_COLUMNS}, attempt_count, event_type = 'test', true, now() FROM reopened
  RETURNING delivery_id`,
});

/**
 * Makes a delivery due now, whatever is known of its endpoint. A waiting one comes forward, a finished one begins its
 * schedule anew, and one whose attempt fails meanwhile is attempted again.
 *
 * Two statements, because the second must see a delivery that was just being finished: the first waited for that.
 */
export async function requeueDelivery(database: Queryable, environmentId: string, deliveryId: string): Promise<void> {
  await database.query(HASTEN, [environmentId, deliveryId]);
  await REQUEUE_DELIVERY.run(database, { environment_id: environmentId, delivery_id: deliveryId });
}

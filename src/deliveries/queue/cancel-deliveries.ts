import type { Queryable } from '../../database/queryable.js';
import { deliveryIdsOf } from '../delivery-ids.js';
import { DELIVERY_COLUMNS, queuedAs } from './columns.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

/**
 * As `STOP` does for a webhook: what waits is canceled, and what is being attempted is marked, so that no retry follows
 * it, whoever asked for one. Rows are locked in the order of their ids, and told apart as they are then.
 */
const CANCEL = `
  WITH held AS MATERIALIZED (
    SELECT delivery_id, lease FROM delivery_queue
    WHERE environment_id = $1::uuid AND event_id = $2::uuid AND delivery_id BETWEEN $3::uuid AND $4::uuid
    ORDER BY delivery_id
    FOR UPDATE
  ),
  marked AS (
    UPDATE delivery_queue q SET cancel_reason = 'stopped', is_forced = false
    FROM held h WHERE q.delivery_id = h.delivery_id AND h.lease IS NOT NULL
  ),
  removed AS (
    DELETE FROM delivery_queue q USING held h
    WHERE q.delivery_id = h.delivery_id AND h.lease IS NULL
    RETURNING ${queuedAs('q')}
  ),
  logged AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, cancel_reason, completed_at)
    SELECT ${DELIVERY_COLUMNS}, attempt_count, 'canceled', 'stopped', now() FROM removed
    RETURNING ${ENTERED_COLUMNS}
  ),
  entered AS (${enterStats('logged')}
  )
  SELECT count(*)::int AS canceled FROM held WHERE lease IS NULL`;

/**
 * Ends the unfinished deliveries of an event: at most one for each webhook of its environment.
 *
 * @returns how many waited and are canceled now; those that are being attempted end with their attempt
 */
export async function cancelDeliveriesOf(database: Queryable, environmentId: string, eventId: string): Promise<number> {
  const parameters = [environmentId, eventId, ...deliveryIdsOf(eventId)];
  const [row] = await database.query<[{ canceled: number }]>(CANCEL, parameters);
  return row.canceled;
}

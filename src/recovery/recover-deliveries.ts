import type { Queryable } from '../database/queryable.js';
import { columnsOf } from '../database/statements/columns.js';
import { integer } from '../database/statements/parameter-types.js';
import { StoredStatement } from '../database/statements/stored-statement.js';
import { deliveryIdForSql, firstDeliveryIdForSql } from '../deliveries/delivery-ids.js';
import { DELIVERY_COLUMNS } from '../deliveries/queue/columns.js';
import {
  type IdRange,
  RECOVERABLE,
  type RecoverableFilter,
  recoverableParameters,
  recoverableValues,
} from './recoverable.js';
import { reopen } from '../deliveries/queue/requeue-delivery.js';

/** Events and deliveries that one statement looks at: it holds the embedded engine's session for about 0.01 s. */
const ROWS_PER_STATEMENT = 500;

/**
 * Missed events become deliveries, and finished deliveries begin their schedule anew. All are due now, but not forced:
 * a paused or down endpoint gets none. What is beyond `limit` is left to the next statement, from an event's range of
 * ids on.
 */
export const RECOVER_DELIVERIES = new StoredStatement({
  name: 'recover_deliveries',
  parameters: { ...recoverableParameters, limit: integer },
  returns: columnsOf<Row>({ queued: 'int4', queued_to: 'uuid' }),
  sql: `
  WITH ${RECOVERABLE},
  first AS MATERIALIZED (
    SELECT * FROM candidate ORDER BY id LIMIT p_limit + 1
  ),
  cut AS MATERIALIZED (
    SELECT coalesce((SELECT ${firstDeliveryIdForSql('id')} FROM first ORDER BY id OFFSET p_limit), h.id) AS id
    FROM horizon h
  ),
  taken AS MATERIALIZED (
    SELECT * FROM first WHERE id < (SELECT id FROM cut)
  ),
  ${reopen(`environment_id = p_environment_id AND id >= p_from_id AND id < p_to_id
      AND id = ANY (ARRAY(SELECT id FROM taken WHERE NOT is_missed))`)},
  queued AS (
    INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, attempt_count,
      due_at)
    SELECT ${DELIVERY_COLUMNS}, attempt_count, now() FROM reopened
    UNION ALL
    SELECT ${deliveryIdForSql('event_id')}, p_environment_id, event_id, p_webhook_id, event_type, created_at, 0, now()
    FROM taken WHERE is_missed
    RETURNING 1
  )
  SELECT (SELECT count(*)::int FROM queued), id FROM cut`,
});

interface Row {
  queued: number;
  queued_to: string;
}

/**
 * Queues the first part of the range. There is no second delivery of one event to one webhook as long as nothing else
 * makes any: an earlier statement of the transaction must have locked the recovery, of which one runs for each webhook.
 *
 * @param limit how many deliveries to queue at most.
 * @param scanned how many events and deliveries to look at.
 * @returns where the next statement goes on, too: `to` once all is done.
 */
export async function recoverDeliveries(
  database: Queryable,
  filter: RecoverableFilter,
  range: IdRange,
  limit: number,
  scanned = ROWS_PER_STATEMENT,
): Promise<{ queued: number; queuedTo: string }> {
  const [row] = await RECOVER_DELIVERIES.run(database, { ...recoverableValues(filter, range, scanned), limit });
  return { queued: row!.queued, queuedTo: row!.queued_to };
}

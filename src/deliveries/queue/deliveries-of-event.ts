import type { Queryable } from '../../database/queryable.js';
import { deliveryIdsOf } from '../delivery-ids.js';
import type { DeliveryStatus } from '../delivery.types.js';
import { DELIVERY_COLUMNS, isOneOf, queuedAs } from './columns.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

/**
 * What an event owes is a delivery already, or is not made yet (expand-fan-out.ts). Read first what is owed, then the
 * deliveries: what is made meanwhile is then seen twice, not missed.
 */

/** SQL: that the row `f` is of this event; `placed` gives its place there, from 1. */
const isOfEvent = (environmentId: string, eventId: string): string => `
  f.environment_id = ${environmentId} AND f.first_event_id <= ${eventId} AND f.last_event_id >= ${eventId}
    AND ${eventId} = ANY (f.event_ids)`;
const placed = (eventId: string): string => `
  CROSS JOIN LATERAL (
    SELECT array_position(f.event_ids, ${eventId}) AS place, cardinality(f.webhook_ids) AS width OFFSET 0
  ) p`;

function owedOfEventSql(environmentId: string, eventId: string): string {
  return `(
    SELECT coalesce(sum(least(p.width, greatest(0, p.place * p.width - f.made))), 0)::int
    FROM fan_out f ${placed(eventId)}
    WHERE ${isOfEvent(environmentId, eventId)}
  )`;
}

export async function listOwedWebhooks(
  database: Queryable,
  environmentId: string,
  eventId: string,
  webhookIds: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ id: string }[]>(
    `SELECT owed.id
     FROM fan_out f ${placed('$2::uuid')}
     CROSS JOIN LATERAL unnest(f.webhook_ids[greatest(0, f.made - (p.place - 1) * p.width) + 1 :]) AS owed (id)
     WHERE ${isOfEvent('$1::uuid', '$2::uuid')} AND owed.id = ANY ($3::uuid[])`,
    [environmentId, eventId, webhookIds],
  );
  return rows.map(({ id }) => id);
}

export type DeliveryCounts = Record<DeliveryStatus, number>;

/** The parameters `$1` to `$4` of a statement about the deliveries of an event: its key, and the range of their ids. */
export function parametersOfEvent(environmentId: string, eventId: string): string[] {
  return [environmentId, eventId, ...deliveryIdsOf(eventId)];
}

export const DELIVERY_COUNTS_OF_EVENT = `
  SELECT
    (
      SELECT count(*)::int FROM delivery_queue q
      WHERE q.environment_id = $1 AND q.event_id = $2 AND q.delivery_id BETWEEN $3 AND $4
    ) + ${owedOfEventSql('$1::uuid', '$2::uuid')} AS pending,
    count(*) FILTER (WHERE status = 'succeeded')::int AS succeeded,
    count(*) FILTER (WHERE status = 'failed')::int AS failed,
    count(*) FILTER (WHERE status = 'canceled')::int AS canceled
  FROM delivery d WHERE d.environment_id = $1 AND d.event_id = $2 AND d.id BETWEEN $3 AND $4`;

export interface EventDeliveryRow {
  id: string;
  webhook_id: string;
  status: DeliveryStatus;
}

/** @param webhookIds only those to these webhooks; null: to any. */
export async function listDeliveriesOfEvent(
  database: Queryable,
  environmentId: string,
  eventId: string,
  webhookIds: readonly string[] | null,
): Promise<EventDeliveryRow[]> {
  return database.query<EventDeliveryRow[]>(
    `SELECT q.delivery_id AS id, q.webhook_id, 'pending' AS status FROM delivery_queue q
     WHERE q.environment_id = $1 AND q.event_id = $2 AND q.delivery_id BETWEEN $3 AND $4
       AND ($5::uuid[] IS NULL OR q.webhook_id = ANY ($5))
     UNION ALL
     SELECT d.id, d.webhook_id, d.status FROM delivery d
     WHERE d.environment_id = $1 AND d.event_id = $2 AND d.id BETWEEN $3 AND $4
       AND ($5::uuid[] IS NULL OR d.webhook_id = ANY ($5))`,
    [...parametersOfEvent(environmentId, eventId), webhookIds],
  );
}

/**
 * As `STOP` does for a webhook: what waits is canceled, and what is being attempted is marked, so that no retry
 * follows. Rows are locked in the order of their ids, and read as they are then.
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
    WHERE ${isOneOf('q', 'held', 'lease IS NOT NULL')}
  ),
  removed AS (
    DELETE FROM delivery_queue q
    WHERE ${isOneOf('q', 'held', 'lease IS NULL')}
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
 * Ends the unfinished deliveries of an event, at most one for each webhook.
 *
 * @returns how many waited and are canceled now. Those leased end with their attempt, which may begin within a second yet
 *   (engine/leased-ahead.ts).
 */
export async function cancelDeliveriesOf(database: Queryable, environmentId: string, eventId: string): Promise<number> {
  const [row] = await database.query<[{ canceled: number }]>(CANCEL, parametersOfEvent(environmentId, eventId));
  return row.canceled;
}

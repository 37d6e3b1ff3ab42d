import { idRangeOf } from '../common/id-range.js';
import { type ListPart, mapPart, SCAN_LIMIT, type Scanned, toScannedPart } from '../common/page.js';
import { deliveryIdsOf } from '../deliveries/delivery-ids.js';
import type { DeliveryStatus } from '../deliveries/delivery.types.js';
import { owedOfEventSql } from '../deliveries/queue/fan-out-reads.js';
import type { Queryable } from '../database/queryable.js';
import { StoredStatement } from '../database/stored-statement.js';

export interface EventRow {
  id: string;
  environmentId: string;
  eventType: string;
  createdAt: Date;
}

export interface EventDetail extends EventRow {
  /** Null when it was deleted. */
  payload: string | null;
  deliveries: Record<DeliveryStatus, number>;
}

export interface EventFilter {
  environmentId: string;
  eventType: string | null;
  createdAfter: Date | null;
  createdBefore: Date | null;
  /** The id behind which it begins; null: the newest. */
  before: string | null;
  limit: number;
}

/** A test event is sent under the name of the type that it stands for; the log must not take it for one that happened. */
const TYPE = `CASE WHEN is_test THEN 'test' ELSE event_type END`;

const COLUMNS = `id, environment_id AS "environmentId", ${TYPE} AS "eventType", created_at AS "createdAt"`;

/**
 * Newest first. For the type there is no index, which every event would have to be written to: $6 events are looked at,
 * or fewer when $5 of them are wanted before.
 */
export const LIST_EVENTS = new StoredStatement<StoredEventRow & Scanned>({
  name: 'list_events',
  parameters: 'uuid, text, uuid, uuid, int4, int4',
  returns: 'id uuid, environment_id uuid, event_type text, created_at timestamptz, is_wanted bool, is_scan_end bool',
  sql: `
  SELECT * FROM (
    SELECT e.id, e.environment_id, ${TYPE} AS event_type, e.created_at, $2 IS NULL OR ${TYPE} = $2 AS is_wanted,
      row_number() OVER (ORDER BY e.id DESC) = $6 AS is_scan_end
    FROM event e
    WHERE e.environment_id = $1 AND e.id >= $3 AND e.id < $4
    ORDER BY e.id DESC LIMIT $6
  ) scanned
  WHERE is_wanted OR is_scan_end
  ORDER BY id DESC LIMIT $5`,
});

interface StoredEventRow {
  id: string;
  environment_id: string;
  event_type: string;
  created_at: Date;
}

/** @param scanLimit how many events are looked at: more than the filter's limit. */
export async function listEvents(
  database: Queryable,
  filter: EventFilter,
  scanLimit: number = SCAN_LIMIT,
): Promise<ListPart<EventRow>> {
  const rows = await LIST_EVENTS.run(database, [
    filter.environmentId,
    filter.eventType,
    ...idRangeOf(filter),
    filter.limit + 1,
    scanLimit,
  ]);
  const part = toScannedPart(rows, filter.limit, ({ id }) => id);
  return mapPart(part, ({ environment_id: environmentId, event_type: eventType, created_at: createdAt, id }) => ({
    id,
    environmentId,
    eventType,
    createdAt,
  }));
}

export async function findEventHead(database: Queryable, environmentId: string, id: string): Promise<EventRow | null> {
  const [row] = await database.query<EventRow[]>(`SELECT ${COLUMNS} FROM event WHERE environment_id = $1 AND id = $2`, [
    environmentId,
    id,
  ]);
  return row ?? null;
}

export async function findEvent(database: Queryable, environmentId: string, id: string): Promise<EventDetail | null> {
  const [row] = await database.query<(EventRow & Record<string, unknown> & { payload: string | null })[]>(
    `SELECT ${COLUMNS}, payload, counts.*
     FROM event
     CROSS JOIN LATERAL (
       SELECT
         (
           SELECT count(*)::int FROM delivery_queue q
           WHERE q.environment_id = $1 AND q.event_id = $2 AND q.delivery_id BETWEEN $3 AND $4
         ) + ${owedOfEventSql('$1::uuid', '$2::uuid')} AS pending,
         count(*) FILTER (WHERE status = 'succeeded')::int AS succeeded,
         count(*) FILTER (WHERE status = 'failed')::int AS failed,
         count(*) FILTER (WHERE status = 'canceled')::int AS canceled
       FROM delivery d WHERE d.environment_id = $1 AND d.event_id = $2 AND d.id BETWEEN $3 AND $4
     ) counts
     WHERE id = $2 AND environment_id = $1`,
    [environmentId, id, ...deliveryIdsOf(id)],
  );
  if (!row) return null;
  const { pending, succeeded, failed, canceled, ...event } = row as EventDetail & Record<DeliveryStatus, number>;
  return { ...event, deliveries: { pending, succeeded, failed, canceled } };
}

import { uuidV7Floor } from '../common/uuid-v7.js';
import { deliveryIdsOf } from '../deliveries/delivery-ids.js';
import type { DeliveryStatus } from '../deliveries/delivery.types.js';
import type { Queryable } from '../database/queryable.js';

export interface EventRow {
  id: string;
  environmentId: string;
  eventType: string;
  createdAt: Date;
}

export interface EventDetail extends EventRow {
  payload: string;
  deliveries: Record<DeliveryStatus, number>;
}

export interface EventFilter {
  environmentId: string;
  eventType: string | null;
  createdAfter: Date | null;
  createdBefore: Date | null;
  /** The id that the page before ended with. */
  before: string | null;
  limit: number;
}

/** A test event is sent under the name of the type that it stands for; the log must not take it for one that happened. */
const TYPE = `CASE WHEN is_test THEN 'test' ELSE event_type END`;

const COLUMNS = `id, environment_id AS "environmentId", ${TYPE} AS "eventType", created_at AS "createdAt"`;

/** Newest first. The id carries its time, so the range filters need no index of their own. */
export async function listEvents(database: Queryable, filter: EventFilter): Promise<EventRow[]> {
  return database.query<EventRow[]>(
    `SELECT ${COLUMNS} FROM event
     WHERE environment_id = $1
       AND ($2::text IS NULL OR ${TYPE} = $2)
       AND ($3::uuid IS NULL OR id >= $3)
       AND ($4::uuid IS NULL OR id < $4)
       AND ($5::uuid IS NULL OR id < $5)
     ORDER BY id DESC LIMIT $6`,
    [
      filter.environmentId,
      filter.eventType,
      filter.createdAfter && uuidV7Floor(filter.createdAfter.getTime() + 1),
      filter.createdBefore && uuidV7Floor(filter.createdBefore.getTime()),
      filter.before,
      filter.limit,
    ],
  );
}

export async function findEventHead(database: Queryable, environmentId: string, id: string): Promise<EventRow | null> {
  const [row] = await database.query<EventRow[]>(`SELECT ${COLUMNS} FROM event WHERE environment_id = $1 AND id = $2`, [
    environmentId,
    id,
  ]);
  return row ?? null;
}

export async function findEvent(database: Queryable, environmentId: string, id: string): Promise<EventDetail | null> {
  const [row] = await database.query<(EventRow & Record<string, unknown> & { payload: string })[]>(
    `SELECT ${COLUMNS}, payload, counts.*
     FROM event
     CROSS JOIN LATERAL (
       SELECT
         (
           SELECT count(*)::int FROM delivery_queue q
           WHERE q.environment_id = $1 AND q.event_id = $2 AND q.delivery_id BETWEEN $3 AND $4
         ) AS pending,
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

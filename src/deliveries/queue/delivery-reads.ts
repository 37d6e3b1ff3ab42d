import { uuidV7Floor } from '../../common/uuid-v7.js';
import type { CancelReason, DeliveryStatus } from '../delivery.types.js';
import type { Queryable } from '../../database/queryable.js';
import { deliveryIdsOf } from '../delivery-ids.js';
import { ATTEMPT_COLUMNS } from './columns.js';

export interface DeliveryRow {
  id: string;
  event_id: string;
  webhook_id: string;
  environment_id: string;
  event_type: string;
  status: DeliveryStatus;
  attempt_count: number;
  next_attempt_at: Date | null;
  cancel_reason: CancelReason | null;
  created_at: Date;
  completed_at: Date | null;
}

export interface AttemptRow {
  number: number;
  started_at: Date;
  duration_ms: number;
  outcome: 'succeeded' | 'failed';
  error: string | null;
  request_url: string;
  request_headers: Headers;
  response_status: number | null;
  response_headers: Headers | null;
  response_body: string | null;
  response_body_truncated: boolean | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
}

type Headers = Record<string, string>;

/** Headers are stored as JSON text. */
type StoredAttemptRow = Omit<AttemptRow, 'request_headers' | 'response_headers'> & {
  request_headers: string;
  response_headers: string | null;
};

export interface DeliveryFilter {
  environmentId: string;
  webhookId: string | null;
  eventId: string | null;
  eventType: string | null;
  status: DeliveryStatus | null;
  createdAfter: Date | null;
  createdBefore: Date | null;
  /** The id that the page before ended with. */
  before: string | null;
  limit: number;
}

/** A delivery is either in the queue or in the log. */
const QUEUED = `
  q.delivery_id AS id, q.event_id, q.webhook_id, q.environment_id, q.event_type, 'pending' AS status, q.attempt_count,
  q.due_at AS next_attempt_at, NULL AS cancel_reason, q.created_at, NULL::timestamptz AS completed_at`;
const LOGGED = `
  d.id, d.event_id, d.webhook_id, d.environment_id, d.event_type, d.status, d.attempt_count,
  NULL::timestamptz AS next_attempt_at, d.cancel_reason, d.created_at, d.completed_at`;

/** SQL: the filter, of rows whose id is `id`. The id carries its time, so the ranges need no index of their own. */
function isWanted(alias: string, id: string): string {
  return `${alias}.environment_id = $1
    AND ($2::uuid IS NULL OR ${alias}.webhook_id = $2)
    AND ($3::uuid IS NULL OR (${alias}.event_id = $3 AND ${id} BETWEEN $4 AND $5))
    AND ($6::text IS NULL OR ${alias}.event_type = $6)
    AND ($7::uuid IS NULL OR ${id} >= $7)
    AND ($8::uuid IS NULL OR ${id} < $8)
    AND ($9::uuid IS NULL OR ${id} < $9)`;
}

/**
 * Newest first, from the queue and from the log. What is leased is read apart: it is little, and the indexes by which
 * the queue is listed leave it out.
 */
const LIST = `
  WITH leased AS MATERIALIZED (
    SELECT ${QUEUED} FROM delivery_queue q
    WHERE q.lease IS NOT NULL AND $11 <> 'logged' AND ${isWanted('q', 'q.delivery_id')}
  )
  (SELECT * FROM leased)
  UNION ALL (
    SELECT ${QUEUED} FROM delivery_queue q
    WHERE q.lease IS NULL AND $11 <> 'logged' AND ${isWanted('q', 'q.delivery_id')}
    ORDER BY q.delivery_id DESC LIMIT $10
  )
  UNION ALL (
    SELECT ${LOGGED} FROM delivery d
    WHERE $11 <> 'queued' AND ($12::text IS NULL OR d.status = $12) AND ${isWanted('d', 'd.id')}
    ORDER BY d.id DESC LIMIT $10
  )
  ORDER BY id DESC LIMIT $10`;

export async function listDeliveries(database: Queryable, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  const places = { pending: 'queued', succeeded: 'logged', failed: 'logged', canceled: 'logged' };
  return database.query<DeliveryRow[]>(LIST, [
    filter.environmentId,
    filter.webhookId,
    filter.eventId,
    ...(filter.eventId === null ? [null, null] : deliveryIdsOf(filter.eventId)),
    filter.eventType,
    filter.createdAfter && uuidV7Floor(filter.createdAfter.getTime() + 1),
    filter.createdBefore && uuidV7Floor(filter.createdBefore.getTime()),
    filter.before,
    filter.limit,
    filter.status === null ? 'both' : places[filter.status],
    filter.status,
  ]);
}

export async function findDelivery(
  database: Queryable,
  environmentId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const [row] = await database.query<DeliveryRow[]>(
    `SELECT ${QUEUED} FROM delivery_queue q WHERE q.environment_id = $1 AND q.delivery_id = $2
     UNION ALL
     SELECT ${LOGGED} FROM delivery d WHERE d.environment_id = $1 AND d.id = $2`,
    [environmentId, id],
  );
  return row ?? null;
}

export type EventDeliveryRow = Pick<DeliveryRow, 'id' | 'webhook_id' | 'status'>;

/**
 * The deliveries of an event, wherever they are.
 *
 * @param webhookIds only those to these webhooks; null: to any.
 */
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
    [environmentId, eventId, ...deliveryIdsOf(eventId), webhookIds],
  );
}

/** The attempts of a delivery, first to last: the one that it ended with is in its own row. */
export async function listAttempts(
  database: Queryable,
  environmentId: string,
  deliveryId: string,
): Promise<AttemptRow[]> {
  const rows = await database.query<StoredAttemptRow[]>(
    `SELECT ${ATTEMPT_COLUMNS} FROM attempt WHERE delivery_id = $2
     UNION ALL
     SELECT ${ATTEMPT_COLUMNS} FROM delivery WHERE environment_id = $1 AND id = $2 AND number IS NOT NULL
     ORDER BY number`,
    [environmentId, deliveryId],
  );
  return rows.map((row) => ({
    ...row,
    request_headers: JSON.parse(row.request_headers) as Headers,
    response_headers: row.response_headers === null ? null : (JSON.parse(row.response_headers) as Headers),
  }));
}

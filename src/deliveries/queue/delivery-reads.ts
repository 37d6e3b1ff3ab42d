import { type ListPart, SCAN_LIMIT, type Scanned, toScannedPart } from '../../common/page.js';
import { idRangeOf } from '../../common/id-range.js';
import type { CancelReason, DeliveryStatus } from '../delivery.types.js';
import type { Queryable } from '../../database/queryable.js';
import { StoredStatement } from '../../database/stored-statement.js';
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
  /** The id behind which it begins; null: the newest. */
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

/**
 * SQL: a range of ids in the queue of an owner, and what comes before the id in its order, as the planner makes the most of
 * them. By the id alone a range counts for a 200th of the rows, and the key has the rows in the order in which they lie: it
 * looked cheapest, and who is owed nothing had the whole queue read for each page. An index scan that goes backward begins
 * at an upper pair only if the owner is not asked for beside it. Of a webhook, two pairs look like so few rows that the
 * planner would sort them from the index of what is due.
 */
const QUEUE_SCAN = {
  environment: {
    range: '(q.environment_id, q.delivery_id) >= ($1, $5) AND (q.environment_id, q.delivery_id) < ($1, $6)',
    order: 'environment_id DESC, ',
  },
  webhook: {
    range: 'q.webhook_id = $2 AND (q.webhook_id, q.delivery_id) >= ($2, $5) AND q.delivery_id < $6',
    order: '',
  },
};

/**
 * Newest first, from the queue and from the log, of one webhook's deliveries or of all its environment's. What is leased
 * is read apart: it is little, and the indexes by which the queue is listed leave it out. Of the others, $9 rows are
 * looked at, or fewer when $7 of them are wanted before: by type there is no index, nor of what succeeded, which every
 * delivery would have to be written to. What did not succeed has one.
 *
 * By webhook, the environment is only asked whether the webhook is its own: as a condition on each row it would let the
 * planner read the environment's rows in place of the webhook's.
 *
 * In the queue, ids are compared together with their owner, which the owners' indexes serve and the key, which is the id
 * alone, does not: `QUEUE_SCAN`.
 */
function listOf(owner: 'environment' | 'webhook'): StoredStatement<DeliveryRow & Scanned> {
  const queue = QUEUE_SCAN[owner];
  const place = { environment: '$1', webhook: '$2' }[owner];
  const isInReach = (alias: 'd' | 'q'): string => {
    const range = alias === 'q' ? queue.range : `d.${owner}_id = ${place} AND d.id >= $5 AND d.id < $6`;
    return `${range} AND ($3 IS NULL OR ${alias}.event_id = $3)
      ${owner === 'webhook' ? 'AND EXISTS (SELECT FROM webhook w WHERE w.environment_id = $1 AND w.id = $2)' : ''}`;
  };
  const logged = (condition: string, isWanted: string): string => `
    SELECT * FROM (
      SELECT ${LOGGED}, ${isWanted} AND ($4 IS NULL OR d.event_type = $4) AS is_wanted,
        row_number() OVER (ORDER BY d.id DESC) = $9 AS is_scan_end
      FROM delivery d
      WHERE ${condition} AND ${isInReach('d')}
      ORDER BY d.id DESC LIMIT $9
    ) logged
    WHERE is_wanted OR is_scan_end
    ORDER BY id DESC LIMIT $7`;
  return new StoredStatement<DeliveryRow & Scanned>({
    name: `list_deliveries_of_${owner}`,
    parameters: 'uuid, uuid, uuid, text, uuid, uuid, int4, text, int4',
    returns: `id uuid, event_id uuid, webhook_id uuid, environment_id uuid, event_type text, status text,
      attempt_count int4, next_attempt_at timestamptz, cancel_reason text, created_at timestamptz,
      completed_at timestamptz, is_wanted bool, is_scan_end bool`,
    sql: `
  (
    SELECT ${QUEUED}, true AS is_wanted, false AS is_scan_end
    -- OFFSET 0 keeps the ids out of it, by which the planner would read all that waits to find what is leased.
    FROM (SELECT * FROM delivery_queue WHERE lease IS NOT NULL AND leased_by IS NOT NULL OFFSET 0) q
    WHERE $8 IN ('any', 'pending') AND ($4 IS NULL OR q.event_type = $4) AND ${isInReach('q')}
  )
  UNION ALL (
    SELECT * FROM (
      SELECT ${QUEUED}, $4 IS NULL OR q.event_type = $4 AS is_wanted,
        row_number() OVER (ORDER BY ${queue.order} q.delivery_id DESC) = $9 AS is_scan_end
      FROM delivery_queue q
      WHERE q.lease IS NULL AND $8 IN ('any', 'pending') AND ${isInReach('q')}
      ORDER BY ${queue.order} q.delivery_id DESC LIMIT $9
    ) waiting
    WHERE is_wanted OR is_scan_end
    ORDER BY ${queue.order} id DESC LIMIT $7
  )
  UNION ALL (${logged(`$8 IN ('any', 'succeeded')`, `$8 IN ('any', d.status)`)})
  UNION ALL (${logged(`$8 IN ('failed', 'canceled') AND d.status <> 'succeeded' AND d.status = $8`, 'true')})
  ORDER BY id DESC LIMIT $7`,
  });
}

export const LIST_DELIVERIES_OF_ENVIRONMENT = listOf('environment');
export const LIST_DELIVERIES_OF_WEBHOOK = listOf('webhook');

/** @param scanLimit how many rows of the queue, and of the log, are looked at: more than the filter's limit. */
export async function listDeliveries(
  database: Queryable,
  filter: DeliveryFilter,
  scanLimit: number = SCAN_LIMIT,
): Promise<ListPart<DeliveryRow>> {
  const statement = filter.webhookId === null ? LIST_DELIVERIES_OF_ENVIRONMENT : LIST_DELIVERIES_OF_WEBHOOK;
  const rows = await statement.run(database, [
    filter.environmentId,
    filter.webhookId,
    filter.eventId,
    filter.eventType,
    ...idRangeOf(filter, filter.eventId === null ? null : deliveryIdsOf(filter.eventId)),
    filter.limit + 1,
    filter.status ?? 'any',
    scanLimit,
  ]);
  return toScannedPart(rows, filter.limit, ({ id }) => id);
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

export interface AttemptRange {
  /** The number behind which they begin. */
  after: number;
  limit: number;
}

/** The attempts of a delivery, first to last: the one that it ended with is in its own row. */
export async function listAttempts(
  database: Queryable,
  environmentId: string,
  deliveryId: string,
  { after, limit }: AttemptRange = { after: 0, limit: 100 },
): Promise<AttemptRow[]> {
  const rows = await database.query<StoredAttemptRow[]>(
    `SELECT ${ATTEMPT_COLUMNS} FROM attempt WHERE delivery_id = $2 AND number > $3
     UNION ALL
     SELECT ${ATTEMPT_COLUMNS} FROM delivery WHERE environment_id = $1 AND id = $2 AND number > $3
     ORDER BY number LIMIT $4`,
    [environmentId, deliveryId, after, limit],
  );
  return rows.map((row) => ({
    ...row,
    request_headers: JSON.parse(row.request_headers) as Headers,
    response_headers: row.response_headers === null ? null : (JSON.parse(row.response_headers) as Headers),
  }));
}

import type { CancelReason, DeliveryHold, DeliveryStatus, OutgoingEvent } from '../delivery.types.js';
import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { uuid } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { ATTEMPT_COLUMNS } from './columns.js';
import { withHolds } from './delivery-holds.js';

export interface DeliveryRow {
  id: string;
  event_id: string;
  webhook_id: string;
  environment_id: string;
  event_type: string;
  status: DeliveryStatus;
  attempt_count: number;
  next_attempt_at: Date | null;
  held_by: DeliveryHold | null;
  held_until: Date | null;
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
  stale_connection_ms: number | null;
}

type Headers = Record<string, string>;

/** Headers are stored as JSON text. */
type StoredAttemptRow = Omit<AttemptRow, 'request_headers' | 'response_headers'> & {
  request_headers: string;
  response_headers: string | null;
};

/** SQL: a delivery, from the queue `q` or from the log `d`. */
export const QUEUED = `
  q.delivery_id AS id, q.event_id, q.webhook_id, q.environment_id, q.event_type, 'pending' AS status, q.attempt_count,
  NULL AS cancel_reason, q.created_at, NULL::timestamptz AS completed_at, q.lease IS NOT NULL AS is_leased, q.is_forced,
  q.failures, q.due_at`;
export const LOGGED = `
  d.id, d.event_id, d.webhook_id, d.environment_id, d.event_type, d.status, d.attempt_count,
  d.cancel_reason, d.created_at, d.completed_at, NULL::bool AS is_leased, NULL::bool AS is_forced, NULL::int2 AS failures,
  NULL::timestamptz AS due_at`;
/** SQL: those of them that `withHolds` keeps. */
export const COLUMNS = `r.id, r.event_id, r.webhook_id, r.environment_id, r.event_type, r.status, r.attempt_count, r.cancel_reason,
  r.created_at, r.completed_at`;

export const COLUMN_TYPES = {
  id: 'uuid',
  event_id: 'uuid',
  webhook_id: 'uuid',
  environment_id: 'uuid',
  event_type: 'text',
  status: 'text',
  attempt_count: 'int4',
  cancel_reason: 'text',
  created_at: 'timestamptz',
  completed_at: 'timestamptz',
} as const;
export const HOLD_TYPES = { held_by: 'text', held_until: 'timestamptz', next_attempt_at: 'timestamptz' } as const;

export const FIND_DELIVERY = new StoredStatement({
  name: 'find_delivery',
  parameters: { environment_id: uuid, delivery_id: uuid },
  returns: columnsOf<DeliveryRow>({ ...COLUMN_TYPES, ...HOLD_TYPES }),
  sql: withHolds(
    COLUMNS,
    `SELECT ${QUEUED} FROM delivery_queue q WHERE q.environment_id = p_environment_id AND q.delivery_id = p_delivery_id
     UNION ALL
     SELECT ${LOGGED} FROM delivery d WHERE d.environment_id = p_environment_id AND d.id = p_delivery_id`,
  ),
});

export async function findDelivery(
  database: Queryable,
  environmentId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const [row] = await FIND_DELIVERY.run(database, { environment_id: environmentId, delivery_id: id });
  return row ?? null;
}

export interface AttemptRange {
  /** Only attempts with a higher number. */
  after: number;
  limit: number;
}

/** The attempts of a delivery, in order. The last of a finished one is in its own row. */
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

/** The event as it is sent; null when its payload is deleted or its day is dropped. */
export async function findOutgoingEvent(
  database: Queryable,
  environmentId: string,
  id: string,
): Promise<OutgoingEvent | null> {
  const [event] = await database.query<OutgoingEvent[]>(
    `SELECT id, event_type AS type, payload, created_at AS "createdAt" FROM event
     WHERE environment_id = $1 AND id = $2 AND payload IS NOT NULL`,
    [environmentId, id],
  );
  return event ?? null;
}

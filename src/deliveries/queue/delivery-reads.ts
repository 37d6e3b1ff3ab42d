import { uuidV7Floor } from '../../common/uuid-v7.js';
import type { CancelReason, DeliveryStatus } from '../delivery.types.js';
import type { Queryable } from '../../database/queryable.js';

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
  request_headers: Record<string, string>;
  response_status: number | null;
  response_headers: Record<string, string> | null;
  response_body: string | null;
  response_body_truncated: boolean | null;
}

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

/** While a delivery is unfinished its queue row counts the attempts and knows when the next one is due. */
const SELECT = `
  SELECT d.id, d.event_id, d.webhook_id, d.environment_id, d.event_type, d.status,
    coalesce(q.attempt_count, d.attempt_count) AS attempt_count, q.due_at AS next_attempt_at,
    d.cancel_reason, d.created_at, d.completed_at
  FROM delivery d
  LEFT JOIN delivery_queue q ON q.delivery_id = d.id`;

/** Newest first. The id carries its time, so the range filters need no index of their own. */
export async function listDeliveries(database: Queryable, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return database.query<DeliveryRow[]>(
    `${SELECT}
     WHERE d.environment_id = $1
       AND ($2::uuid IS NULL OR d.webhook_id = $2)
       AND ($3::uuid IS NULL OR d.event_id = $3)
       AND ($4::text IS NULL OR d.event_type = $4)
       AND ($5::text IS NULL OR d.status = $5)
       AND ($6::uuid IS NULL OR d.id >= $6)
       AND ($7::uuid IS NULL OR d.id < $7)
       AND ($8::uuid IS NULL OR d.id < $8)
     ORDER BY d.id DESC LIMIT $9`,
    [
      filter.environmentId,
      filter.webhookId,
      filter.eventId,
      filter.eventType,
      filter.status,
      filter.createdAfter && uuidV7Floor(filter.createdAfter.getTime() + 1),
      filter.createdBefore && uuidV7Floor(filter.createdBefore.getTime()),
      filter.before,
      filter.limit,
    ],
  );
}

export async function findDelivery(
  database: Queryable,
  environmentId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const [row] = await database.query<DeliveryRow[]>(`${SELECT} WHERE d.environment_id = $1 AND d.id = $2`, [
    environmentId,
    id,
  ]);
  return row ?? null;
}

/** The attempts of a delivery, first to last. */
export async function listAttempts(database: Queryable, deliveryId: string): Promise<AttemptRow[]> {
  return database.query<AttemptRow[]>(
    `SELECT number, started_at, duration_ms, outcome, error, request_url, request_headers,
       response_status, response_headers, response_body, response_body_truncated
     FROM attempt WHERE delivery_id = $1 ORDER BY number`,
    [deliveryId],
  );
}

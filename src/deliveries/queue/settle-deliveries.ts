import type { CancelReason, DeliveryResult } from '../delivery.types.js';
import type { Queryable } from './queryable.js';

/**
 * Records many results in one statement. `held` locks the queue rows in the order of their ids (statements that meet
 * cannot deadlock) and reads them as they are after the lock, so every decision below is about the newest state:
 *
 * - the lease is still ours: the delivery is finished, or waits again; when its webhook stopped meanwhile
 *   (`cancel_reason`), it does not wait again but ends as canceled, and when somebody asked for another attempt
 *   meanwhile (`is_forced`), a failure makes it due at once with the schedule anew;
 * - the lease was lost (the fence): nothing of the delivery changes, but the attempt was made and is logged.
 *
 * The row that counts the attempts numbers them, so numbers have no gap and no repeat whoever records first. A result
 * that was recorded before an answer got lost is recognised by its attempt's id.
 */
const SETTLE = `
  WITH result AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS r (
      delivery_id uuid, lease uuid, webhook_id uuid, settlement text, in_ms bigint, cancel_reason text, is_forced boolean,
      attempt_id uuid, started_at timestamptz, duration_ms int, outcome text, error text,
      request_url text, request_headers jsonb,
      response_status smallint, response_headers jsonb, response_body text, response_body_truncated boolean
    )
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id, q.lease, q.cancel_reason, q.is_forced, q.attempt_count FROM delivery_queue q
    WHERE q.delivery_id IN (SELECT delivery_id FROM result)
    ORDER BY q.delivery_id
    FOR UPDATE
  ),
  verdict AS MATERIALIZED (
    SELECT r.delivery_id, h.is_forced, h.attempt_count + (r.attempt_id IS NOT NULL)::int AS attempt_count,
      CASE
        WHEN r.settlement = 'waiting' AND h.cancel_reason IS NOT NULL THEN 'canceled'
        WHEN r.settlement = 'failed' AND h.is_forced THEN 'waiting'
        ELSE r.settlement
      END AS status,
      CASE
        WHEN r.settlement = 'waiting' THEN h.cancel_reason
        WHEN r.settlement = 'canceled' THEN r.cancel_reason
      END AS cancel_reason
    FROM result r JOIN held h ON h.delivery_id = r.delivery_id AND h.lease = r.lease
  ),
  removed AS (
    DELETE FROM delivery_queue q USING verdict v WHERE q.delivery_id = v.delivery_id AND v.status <> 'waiting'
  ),
  waiting AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL,
      due_at = CASE
        WHEN v.is_forced THEN now()
        WHEN r.in_ms IS NULL THEN q.due_at
        ELSE now() + r.in_ms * interval '1 millisecond'
      END,
      attempt_count = v.attempt_count,
      failures = CASE WHEN v.is_forced THEN 0 ELSE q.failures + (r.attempt_id IS NOT NULL)::int END,
      is_forced = v.is_forced OR r.is_forced,
      lost_leases = CASE WHEN r.attempt_id IS NULL THEN q.lost_leases ELSE 0 END
    FROM verdict v JOIN result r ON r.delivery_id = v.delivery_id
    WHERE q.delivery_id = v.delivery_id AND v.status = 'waiting'
  ),
  closed AS (
    UPDATE delivery d
    SET status = v.status, attempt_count = v.attempt_count, cancel_reason = v.cancel_reason, completed_at = now()
    FROM verdict v
    WHERE d.id = v.delivery_id AND v.status <> 'waiting' AND d.id BETWEEN $2::uuid AND $3::uuid
  ),
  late AS MATERIALIZED (
    SELECT r.delivery_id FROM result r
    WHERE r.attempt_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.delivery_id = r.delivery_id)
      AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.id = r.attempt_id AND a.id BETWEEN $4::uuid AND $5::uuid)
  ),
  late_waiting AS (
    UPDATE delivery_queue q SET attempt_count = q.attempt_count + 1
    FROM late l WHERE q.delivery_id = l.delivery_id
    RETURNING q.delivery_id, q.attempt_count
  ),
  late_closed AS (
    UPDATE delivery d SET attempt_count = d.attempt_count + 1
    FROM late l
    WHERE d.id = l.delivery_id AND d.id BETWEEN $2::uuid AND $3::uuid
      AND NOT EXISTS (SELECT 1 FROM held h WHERE h.delivery_id = l.delivery_id)
    RETURNING d.id AS delivery_id, d.attempt_count
  ),
  numbered AS (
    SELECT delivery_id, attempt_count AS number FROM verdict
    UNION ALL SELECT delivery_id, attempt_count FROM late_waiting
    UNION ALL SELECT delivery_id, attempt_count FROM late_closed
  ),
  logged AS (
    INSERT INTO attempt (id, delivery_id, number, started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated)
    SELECT r.attempt_id, r.delivery_id, n.number, r.started_at, r.duration_ms, r.outcome, r.error, r.request_url,
      r.request_headers, r.response_status, r.response_headers, r.response_body, r.response_body_truncated
    FROM result r JOIN numbered n ON n.delivery_id = r.delivery_id
    WHERE r.attempt_id IS NOT NULL
  ),
  ailing AS MATERIALIZED (
    SELECT h.webhook_id, coalesce(h.paused_until > now(), false) AS is_paused FROM webhook_health h
    WHERE h.webhook_id IN (SELECT r.webhook_id FROM result r WHERE r.outcome = 'succeeded')
    ORDER BY h.webhook_id
    FOR UPDATE
  ),
  healed AS (
    DELETE FROM webhook_health h USING ailing a WHERE h.webhook_id = a.webhook_id AND NOT a.is_paused
  ),
  healed_in_pause AS (
    UPDATE webhook_health h
    SET consecutive_failures = 0, failing_since = NULL, failure_days = '{}', next_probe_at = NULL
    FROM ailing a WHERE h.webhook_id = a.webhook_id AND a.is_paused
  )
  SELECT delivery_id, status, cancel_reason FROM verdict`;

/** What became of a delivery. */
export interface Settled {
  status: 'succeeded' | 'failed' | 'canceled' | 'waiting';
  /** Null unless it was canceled. */
  cancelReason: CancelReason | null;
}

interface Row {
  delivery_id: string;
  status: Settled['status'];
  cancel_reason: CancelReason | null;
}

/**
 * Settles deliveries and logs their attempts.
 *
 * @param results at least one, and no two of one delivery.
 * @returns the deliveries that changed and to what; one whose lease was lost is not among them.
 */
export async function settleDeliveries(
  database: Queryable,
  results: readonly DeliveryResult[],
): Promise<Map<string, Settled>> {
  const rows = await database.query<Row[]>(SETTLE, [
    JSON.stringify(results.map(toRow)),
    ...boundsOf(results.map(({ delivery }) => delivery.id)),
    ...boundsOf(results.flatMap(({ attempt }) => (attempt ? [attempt.id] : []))),
  ]);
  return new Map(rows.map((row) => [row.delivery_id, { status: row.status, cancelReason: row.cancel_reason }]));
}

/** The first and last of the ids: they tell the planner, which sees no joined id, which days' partitions to look at. */
function boundsOf(ids: string[]): [first: string | undefined, last: string | undefined] {
  const sorted = ids.toSorted();
  return [sorted[0], sorted.at(-1)];
}

function toRow({ delivery, attempt, settlement }: DeliveryResult): Record<string, unknown> {
  return {
    delivery_id: delivery.id,
    lease: delivery.lease,
    webhook_id: delivery.target.webhookId,
    settlement: settlement.kind,
    in_ms: settlement.kind === 'waiting' ? settlement.inMs : null,
    cancel_reason: settlement.kind === 'canceled' ? settlement.reason : null,
    is_forced: !attempt && delivery.isForced,
    attempt_id: attempt?.id,
    started_at: attempt?.startedAt,
    duration_ms: attempt?.durationMs,
    outcome: attempt?.outcome,
    error: attempt?.error,
    request_url: attempt?.request.url,
    request_headers: attempt?.request.headers,
    response_status: attempt?.response?.status,
    response_headers: attempt?.response?.headers,
    response_body: attempt?.response?.body,
    response_body_truncated: attempt?.response?.bodyTruncated,
  };
}

import {
  bigintArray,
  booleanArray,
  integerArray,
  jsonArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../database/binary-arrays.js';
import type { Queryable } from '../../database/queryable.js';
import { StoredStatement } from '../../database/stored-statement.js';
import type { CancelReason, DeliveryResult, Settlement } from '../delivery.types.js';

/** What became of a delivery. */
export interface Settled {
  status: 'succeeded' | 'failed' | 'canceled' | 'waiting';
  /** Null unless it was canceled. */
  cancelReason: CancelReason | null;
}

export interface Settlements {
  /** What became of each delivery; one whose lease was lost is not among them. */
  settled: Map<string, Settled>;
  /** Webhooks of the results of which a health is known: it is not to be read for each of the others. */
  ailing: Set<string>;
}

/** A delivery that became something else than its result says, or nothing (the lease was lost); or a webhook that ails. */
type Row =
  | { delivery_id: string; status: Settled['status']; cancel_reason: CancelReason | null; ailing_webhook_id: null }
  | { delivery_id: string; status: null; cancel_reason: null; ailing_webhook_id: null }
  | { delivery_id: null; status: null; cancel_reason: null; ailing_webhook_id: string };

/**
 * Records many results at once. `held` locks the queue rows in the order of their ids (statements that meet cannot
 * deadlock) and reads them as they are after the lock, so every decision below is about the newest state:
 *
 * - the lease is still ours: the delivery is finished, or waits again; when its webhook stopped meanwhile
 *   (`cancel_reason`), it does not wait again but ends as canceled, and when somebody asked for another attempt
 *   meanwhile (`is_forced`), a failure makes it due at once with the schedule anew;
 * - the lease was lost (the fence): nothing changes. `LOG_LATE_ATTEMPTS` logs that the attempt was made.
 *
 * The row that counts the attempts numbers them, so numbers have no gap and no repeat whoever records first.
 */
export const SETTLE_DELIVERIES = new StoredStatement<Row>({
  name: 'settle_deliveries',
  parameters: `uuid[], uuid[], text[], int8[], text[], bool[],
    timestamptz[], int4[], text[], text[], text[], json[], int4[], json[], text[], bool[],
    uuid, uuid, uuid[]`,
  returns: 'delivery_id uuid, status text, cancel_reason text, ailing_webhook_id uuid',
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS r (
      delivery_id, lease, settlement, in_ms, cancel_reason, is_forced,
      started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated
    )
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id, q.lease, q.cancel_reason, q.is_forced, q.attempt_count FROM delivery_queue q
    WHERE q.delivery_id = ANY ($1)
    ORDER BY q.delivery_id
    FOR UPDATE
  ),
  verdict AS MATERIALIZED (
    SELECT r.*, h.is_forced AS is_asked_for, h.attempt_count + (r.started_at IS NOT NULL)::int AS number,
      CASE
        WHEN r.settlement = 'waiting' AND h.cancel_reason IS NOT NULL THEN 'canceled'
        WHEN r.settlement = 'failed' AND h.is_forced THEN 'waiting'
        ELSE r.settlement
      END AS status,
      CASE
        WHEN r.settlement = 'waiting' THEN h.cancel_reason
        WHEN r.settlement = 'canceled' THEN r.cancel_reason
      END AS final_cancel_reason
    FROM result r JOIN held h ON h.delivery_id = r.delivery_id AND h.lease = r.lease
  ),
  removed AS (
    DELETE FROM delivery_queue q USING verdict v WHERE q.delivery_id = v.delivery_id AND v.status <> 'waiting'
  ),
  waiting AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL,
      due_at = CASE
        WHEN v.is_asked_for THEN now()
        WHEN v.in_ms IS NULL THEN q.due_at
        ELSE now() + v.in_ms * interval '1 millisecond'
      END,
      attempt_count = v.number,
      failures = CASE WHEN v.is_asked_for THEN 0 ELSE q.failures + (v.started_at IS NOT NULL)::int END,
      is_forced = v.is_asked_for OR v.is_forced,
      lost_leases = CASE WHEN v.started_at IS NULL THEN q.lost_leases ELSE 0 END
    FROM verdict v
    WHERE q.delivery_id = v.delivery_id AND v.status = 'waiting'
  ),
  closed AS (
    UPDATE delivery d
    SET status = v.status, attempt_count = v.number, cancel_reason = v.final_cancel_reason, completed_at = now()
    FROM verdict v
    WHERE d.id = v.delivery_id AND v.status <> 'waiting' AND d.id BETWEEN $17 AND $18
  ),
  logged AS (
    INSERT INTO attempt (delivery_id, number, lease, started_at, duration_ms, outcome, error, request_url,
      request_headers, response_status, response_headers, response_body, response_body_truncated)
    SELECT v.delivery_id, v.number, v.lease, v.started_at, v.duration_ms, v.outcome, v.error, v.request_url,
      v.request_headers, v.response_status, v.response_headers, v.response_body, v.response_body_truncated
    FROM verdict v
    WHERE v.started_at IS NOT NULL
  )
  SELECT r.delivery_id, v.status, v.final_cancel_reason, NULL::uuid
  FROM result r LEFT JOIN verdict v ON v.delivery_id = r.delivery_id
  WHERE v.status IS DISTINCT FROM r.settlement
  UNION ALL
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h WHERE h.webhook_id = ANY ($19)`,
});

/**
 * The same for results that are all successes, as most are: nothing waits again, so nothing has to be decided, and the
 * queue's rows are deleted without being locked first.
 */
export const SETTLE_SUCCESSES = new StoredStatement<Row>({
  name: 'settle_successes',
  parameters: `uuid[], uuid[],
    timestamptz[], int4[], text[], text[], text[], json[], int4[], json[], text[], bool[],
    uuid, uuid, uuid[]`,
  returns: 'delivery_id uuid, status text, cancel_reason text, ailing_webhook_id uuid',
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS r (
      delivery_id, lease, started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated
    )
  ),
  removed AS (
    DELETE FROM delivery_queue q USING unnest($1, $2) AS r (delivery_id, lease)
    WHERE q.delivery_id = r.delivery_id AND q.lease = r.lease
    RETURNING q.delivery_id, q.attempt_count + 1 AS number
  ),
  closed AS (
    UPDATE delivery d SET status = 'succeeded', attempt_count = m.number, completed_at = now()
    FROM removed m
    WHERE d.id = m.delivery_id AND d.id BETWEEN $13 AND $14
  ),
  logged AS (
    INSERT INTO attempt (delivery_id, number, lease, started_at, duration_ms, outcome, error, request_url,
      request_headers, response_status, response_headers, response_body, response_body_truncated)
    SELECT r.delivery_id, m.number, r.lease, r.started_at, r.duration_ms, r.outcome, r.error, r.request_url,
      r.request_headers, r.response_status, r.response_headers, r.response_body, r.response_body_truncated
    FROM removed m JOIN result r ON r.delivery_id = m.delivery_id
  )
  SELECT r.delivery_id, NULL, NULL, NULL::uuid
  FROM unnest($1) AS r (delivery_id)
  WHERE r.delivery_id NOT IN (SELECT delivery_id FROM removed)
  UNION ALL
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h WHERE h.webhook_id = ANY ($15)`,
});

/**
 * Logs attempts whose lease was lost before they were recorded. One that was recorded, but whose statement's answer got
 * lost, is recognised by its lease.
 */
const LOG_LATE_ATTEMPTS = `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest(
      $1::uuid[], $2::uuid[], $3::timestamptz[], $4::int4[], $5::text[], $6::text[], $7::text[], $8::json[], $9::int4[],
      $10::json[], $11::text[], $12::bool[]
    ) AS r (
      delivery_id, lease, started_at, duration_ms, outcome, error, request_url, request_headers, response_status,
      response_headers, response_body, response_body_truncated
    )
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id FROM delivery_queue q WHERE q.delivery_id = ANY ($1::uuid[]) ORDER BY q.delivery_id FOR UPDATE
  ),
  late AS MATERIALIZED (
    SELECT r.* FROM result r
    WHERE NOT EXISTS (
      SELECT 1 FROM attempt a
      WHERE a.delivery_id = r.delivery_id AND a.lease = r.lease AND a.delivery_id BETWEEN $13::uuid AND $14::uuid
    )
  ),
  waiting AS (
    UPDATE delivery_queue q SET attempt_count = q.attempt_count + 1
    FROM held h JOIN late l ON l.delivery_id = h.delivery_id
    WHERE q.delivery_id = h.delivery_id
    RETURNING q.delivery_id, q.attempt_count AS number
  ),
  closed AS (
    UPDATE delivery d SET attempt_count = d.attempt_count + 1
    FROM late l
    WHERE d.id = l.delivery_id AND d.id BETWEEN $13::uuid AND $14::uuid
      AND NOT EXISTS (SELECT 1 FROM held h WHERE h.delivery_id = l.delivery_id)
    RETURNING d.id AS delivery_id, d.attempt_count AS number
  ),
  numbered AS (
    SELECT * FROM waiting UNION ALL SELECT * FROM closed
  )
  INSERT INTO attempt (delivery_id, number, lease, started_at, duration_ms, outcome, error, request_url,
    request_headers, response_status, response_headers, response_body, response_body_truncated)
  SELECT l.delivery_id, n.number, l.lease, l.started_at, l.duration_ms, l.outcome, l.error, l.request_url,
    l.request_headers, l.response_status, l.response_headers, l.response_body, l.response_body_truncated
  FROM late l JOIN numbered n ON n.delivery_id = l.delivery_id`;

/**
 * Settles deliveries and logs their attempts.
 *
 * @param results at least one, and no two of one delivery.
 */
export async function settleDeliveries(database: Queryable, results: readonly DeliveryResult[]): Promise<Settlements> {
  const areSuccesses = results.every(isSuccess);
  const statement = areSuccesses ? SETTLE_SUCCESSES : SETTLE_DELIVERIES;
  // In the order of the ids, so that statements which meet wait for each other.
  const sorted = results.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1));
  const rows = await statement.run(database, [
    ...leaseColumns(sorted),
    ...(areSuccesses ? [] : settlementColumns(sorted)),
    ...attemptColumns(sorted),
    ...boundsOf(sorted),
    uuidArray([...new Set(sorted.map(({ delivery }) => delivery.target.webhookId))]),
  ]);
  const settled = new Map(results.map(({ delivery, settlement }) => [delivery.id, asWanted(settlement)]));
  const ailing = new Set<string>();
  for (const row of rows) {
    if (row.delivery_id === null) ailing.add(row.ailing_webhook_id);
    else if (row.status === null) settled.delete(row.delivery_id);
    else settled.set(row.delivery_id, { status: row.status, cancelReason: row.cancel_reason });
  }
  const late = results.filter(({ delivery, attempt }) => attempt !== null && !settled.has(delivery.id));
  if (late.length > 0) await logLateAttempts(database, late);
  return { settled, ailing };
}

/** Whether `SETTLE_SUCCESSES` will do. */
export function isSuccess({ settlement, attempt }: DeliveryResult): boolean {
  return settlement.kind === 'succeeded' && attempt !== null;
}

function asWanted(settlement: Settlement): Settled {
  return {
    status: settlement.kind,
    cancelReason: settlement.kind === 'canceled' ? settlement.reason : null,
  };
}

async function logLateAttempts(database: Queryable, results: readonly DeliveryResult[]): Promise<void> {
  const sorted = results.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1));
  await database.query(LOG_LATE_ATTEMPTS, [...leaseColumns(sorted), ...attemptColumns(sorted), ...boundsOf(sorted)]);
}

function leaseColumns(results: readonly DeliveryResult[]): Buffer[] {
  return [
    uuidArray(results.map(({ delivery }) => delivery.id)),
    uuidArray(results.map(({ delivery }) => delivery.lease)),
  ];
}

function settlementColumns(results: readonly DeliveryResult[]): Buffer[] {
  return [
    textArray(results.map(({ settlement }) => settlement.kind)),
    bigintArray(results.map(({ settlement }) => (settlement.kind === 'waiting' ? settlement.inMs : null))),
    textArray(results.map(({ settlement }) => (settlement.kind === 'canceled' ? settlement.reason : null))),
    booleanArray(results.map(({ delivery, attempt }) => !attempt && delivery.isForced)),
  ];
}

function attemptColumns(results: readonly DeliveryResult[]): Buffer[] {
  const attempts = results.map(({ attempt }) => attempt);
  const responses = attempts.map((attempt) => attempt?.response);
  return [
    timestampArray(attempts.map((attempt) => attempt?.startedAt)),
    integerArray(attempts.map((attempt) => attempt?.durationMs)),
    textArray(attempts.map((attempt) => attempt?.outcome)),
    textArray(attempts.map((attempt) => attempt?.error)),
    textArray(attempts.map((attempt) => attempt?.request.url)),
    jsonArray(attempts.map((attempt) => attempt && JSON.stringify(attempt.request.headers))),
    integerArray(responses.map((response) => response?.status)),
    jsonArray(responses.map((response) => response && JSON.stringify(response.headers))),
    textArray(responses.map((response) => response?.body)),
    booleanArray(responses.map((response) => response?.bodyTruncated)),
  ];
}

/** The first and last of the ids: they tell the planner, which sees no joined id, which days' partitions to look at. */
function boundsOf(sorted: readonly DeliveryResult[]): [first: string, last: string] {
  return [sorted[0]!.delivery.id, sorted.at(-1)!.delivery.id];
}

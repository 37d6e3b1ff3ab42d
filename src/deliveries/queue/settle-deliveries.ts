import {
  bigintArray,
  booleanArray,
  integerArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../database/binary-arrays.js';
import type { Queryable } from '../../database/queryable.js';
import { StoredStatement } from '../../database/stored-statement.js';
import type { CancelReason, DeliveryResult, Settlement } from '../delivery.types.js';
import { ATTEMPT_COLUMNS, DELIVERY_COLUMNS, queuedAs } from './columns.js';
import { REPORTED_COLUMNS, reportFailed } from './report-failed.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

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
 * - the lease is still ours: the delivery goes to the log with this attempt, or waits again; when its webhook stopped
 *   meanwhile (`cancel_reason`), it does not wait again but ends as canceled, and when somebody asked for another attempt
 *   meanwhile (`is_forced`), a failure makes it due at once with the schedule anew;
 * - the lease was lost (the fence): nothing changes. `LOG_LATE_ATTEMPTS` logs that the attempt was made.
 *
 * The row that counts the attempts numbers them, so numbers have no gap and no repeat whoever records first.
 */
export const SETTLE_DELIVERIES = new StoredStatement<Row>({
  name: 'settle_deliveries',
  parameters: `uuid[], uuid[], uuid[], text[], int8[], text[], bool[],
    timestamptz[], int4[], text[], text[], text[], text[], int4[], text[], text[], bool[],
    int4[], int4[], int4[], int4[], uuid[]`,
  returns: 'delivery_id uuid, status text, cancel_reason text, ailing_webhook_id uuid',
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) AS r (
      environment_id, delivery_id, lease, settlement, in_ms, cancel_reason, is_forced,
      started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated, dns_ms, connect_ms, tls_ms, first_byte_ms
    )
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id, q.webhook_id, q.lease, q.cancel_reason, q.is_forced, q.attempt_count
    FROM delivery_queue q
    WHERE q.delivery_id = ANY ($2)
    ORDER BY q.delivery_id
    FOR UPDATE
  ),
  verdict AS MATERIALIZED (
    SELECT r.environment_id, r.delivery_id, h.webhook_id, r.in_ms, r.is_forced, h.is_forced AS is_asked_for,
      h.attempt_count + (r.started_at IS NOT NULL)::int AS attempt_count,
      CASE WHEN r.started_at IS NOT NULL THEN h.attempt_count + 1 END AS number,
      CASE WHEN r.started_at IS NOT NULL THEN r.lease END AS lease, r.started_at, r.duration_ms, r.outcome, r.error,
      r.request_url, r.request_headers, r.response_status, r.response_headers, r.response_body,
      r.response_body_truncated, r.dns_ms, r.connect_ms, r.tls_ms, r.first_byte_ms,
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
    DELETE FROM delivery_queue q
    WHERE q.delivery_id = ANY (ARRAY(SELECT delivery_id FROM verdict WHERE status <> 'waiting'))
    RETURNING ${queuedAs('q')}
  ),
  waiting AS (
    UPDATE delivery_queue q
    SET lease = NULL, leased_by = NULL, leased_until = NULL,
      due_at = CASE
        WHEN v.is_asked_for THEN now()
        WHEN v.in_ms IS NULL THEN q.due_at
        ELSE now() + v.in_ms * interval '1 millisecond'
      END,
      attempt_count = v.attempt_count,
      failures = CASE WHEN v.is_asked_for THEN 0 ELSE q.failures + (v.started_at IS NOT NULL)::int END,
      is_forced = v.is_asked_for OR v.is_forced, is_lease_forced = false,
      lost_leases = CASE WHEN v.started_at IS NULL THEN q.lost_leases ELSE 0 END
    FROM verdict v
    WHERE q.delivery_id = ANY (ARRAY(SELECT delivery_id FROM verdict WHERE status = 'waiting'))
      AND q.delivery_id = v.delivery_id
  ),
  closed AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, cancel_reason, completed_at, ${ATTEMPT_COLUMNS})
    SELECT r.id, r.environment_id, r.event_id, r.webhook_id, r.event_type, r.created_at, v.attempt_count, v.status,
      v.final_cancel_reason, now(), ${ATTEMPT_COLUMNS}
    FROM removed r JOIN verdict v ON v.delivery_id = r.id
    RETURNING ${REPORTED_COLUMNS}
  ),
  reported AS (${reportFailed('closed')}
  ),
  logged AS (
    INSERT INTO attempt (delivery_id, ${ATTEMPT_COLUMNS})
    SELECT delivery_id, ${ATTEMPT_COLUMNS} FROM verdict WHERE status = 'waiting' AND number IS NOT NULL
  ),
  recorded AS (
    SELECT ${ENTERED_COLUMNS} FROM verdict WHERE status <> 'waiting' OR number IS NOT NULL
  ),
  entered AS (${enterStats('recorded')}
  )
  SELECT r.delivery_id, v.status, v.final_cancel_reason, NULL::uuid
  FROM result r LEFT JOIN verdict v ON v.delivery_id = r.delivery_id
  WHERE v.status IS DISTINCT FROM r.settlement
  UNION ALL
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h WHERE h.webhook_id = ANY ($22)`,
});

/**
 * The same for results that are all successes, as most are: nothing waits again, so nothing has to be decided, and the
 * queue's rows are deleted without being locked first.
 */
export const SETTLE_SUCCESSES = new StoredStatement<Row>({
  name: 'settle_successes',
  parameters: `uuid[], uuid[], uuid[],
    timestamptz[], int4[], text[], text[], text[], text[], int4[], text[], text[], bool[],
    int4[], int4[], int4[], int4[], uuid[]`,
  returns: 'delivery_id uuid, status text, cancel_reason text, ailing_webhook_id uuid',
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) AS r (
      environment_id, delivery_id, lease, started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated, dns_ms, connect_ms, tls_ms, first_byte_ms
    )
  ),
  removed AS (
    -- IS TRUE keeps the planner from making a join of it, which could read the whole queue.
    DELETE FROM delivery_queue q
    WHERE q.delivery_id = ANY ($2) AND ((q.delivery_id, q.lease) IN (SELECT * FROM unnest($2, $3))) IS TRUE
    RETURNING ${queuedAs('q')}
  ),
  closed AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, completed_at, ${ATTEMPT_COLUMNS})
    SELECT m.id, m.environment_id, m.event_id, m.webhook_id, m.event_type, m.created_at, m.attempt_count + 1,
      'succeeded', now(), m.attempt_count + 1, r.lease, r.started_at, r.duration_ms, r.outcome, r.error, r.request_url,
      r.request_headers, r.response_status, r.response_headers, r.response_body, r.response_body_truncated, r.dns_ms, r.connect_ms,
      r.tls_ms, r.first_byte_ms
    FROM removed m JOIN result r ON r.delivery_id = m.id
    RETURNING ${ENTERED_COLUMNS}
  ),
  entered AS (${enterStats('closed')}
  )
  SELECT r.delivery_id, NULL, NULL, NULL::uuid
  FROM unnest($2) AS r (delivery_id)
  WHERE r.delivery_id NOT IN (SELECT id FROM removed)
  UNION ALL
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h WHERE h.webhook_id = ANY ($18)`,
});

/**
 * Logs attempts whose lease was lost before they were recorded. One that was recorded, but whose statement's answer got
 * lost, is recognised by its lease. Tells which are logged now. Missing are deliveries that something else changed
 * since this statement began: one that moved to the log is found in neither place, and one whose attempts are other
 * ones than `seen` may have this one among them.
 */
const LOG_LATE_ATTEMPTS = `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest(
      $1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::int4[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::int4[], $11::text[], $12::text[], $13::bool[], $14::int4[], $15::int4[], $16::int4[], $17::int4[]
    ) AS r (
      environment_id, delivery_id, lease, started_at, duration_ms, outcome, error, request_url, request_headers,
      response_status, response_headers, response_body, response_body_truncated, dns_ms, connect_ms, tls_ms, first_byte_ms
    )
  ),
  held AS MATERIALIZED (
    SELECT q.environment_id, q.delivery_id FROM result r
    JOIN delivery_queue q ON q.environment_id = r.environment_id AND q.delivery_id = r.delivery_id
    ORDER BY q.delivery_id FOR UPDATE OF q
  ),
  known AS MATERIALIZED (
    SELECT r.delivery_id FROM result r JOIN attempt a ON a.delivery_id = r.delivery_id AND a.lease = r.lease
    WHERE a.delivery_id BETWEEN $18::uuid AND $19::uuid
    UNION ALL
    SELECT r.delivery_id FROM result r
    JOIN delivery d ON d.environment_id = r.environment_id AND d.id = r.delivery_id AND d.lease = r.lease
    WHERE d.id BETWEEN $18::uuid AND $19::uuid
  ),
  seen AS MATERIALIZED (
    SELECT q.delivery_id, q.attempt_count FROM result r
    JOIN delivery_queue q ON q.environment_id = r.environment_id AND q.delivery_id = r.delivery_id
    UNION ALL
    SELECT d.id, d.attempt_count FROM result r
    JOIN delivery d ON d.environment_id = r.environment_id AND d.id = r.delivery_id
    WHERE d.id BETWEEN $18::uuid AND $19::uuid
  ),
  late AS MATERIALIZED (
    SELECT r.*, s.attempt_count FROM result r JOIN seen s ON s.delivery_id = r.delivery_id
    WHERE r.delivery_id NOT IN (SELECT delivery_id FROM known)
  ),
  waiting AS (
    UPDATE delivery_queue q SET attempt_count = q.attempt_count + 1
    FROM held h JOIN late l ON l.delivery_id = h.delivery_id
    WHERE q.environment_id = h.environment_id AND q.delivery_id = h.delivery_id AND q.attempt_count = l.attempt_count
    RETURNING q.delivery_id, q.webhook_id, q.attempt_count AS number
  ),
  closed AS (
    UPDATE delivery d SET attempt_count = d.attempt_count + 1
    FROM late l
    WHERE d.environment_id = l.environment_id AND d.id = l.delivery_id AND d.id BETWEEN $18::uuid AND $19::uuid
      AND d.attempt_count = l.attempt_count
    RETURNING d.id AS delivery_id, d.webhook_id, d.attempt_count AS number
  ),
  numbered AS (
    SELECT * FROM waiting UNION ALL SELECT * FROM closed
  ),
  logged AS (
    INSERT INTO attempt (delivery_id, ${ATTEMPT_COLUMNS})
    SELECT l.delivery_id, ${ATTEMPT_COLUMNS} FROM late l JOIN numbered n ON n.delivery_id = l.delivery_id
  ),
  made AS (
    SELECT l.environment_id, n.webhook_id, NULL AS status, l.duration_ms
    FROM late l JOIN numbered n ON n.delivery_id = l.delivery_id
  ),
  entered AS (${enterStats('made')}
  )
  SELECT delivery_id FROM known UNION ALL SELECT delivery_id FROM numbered`;

/** Looks for a delivery that moves from the queue to the log, or back, between one look and the next. */
const LATE_TRIES = 3;

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
  let missing = results.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1));
  for (let tries = 0; tries < LATE_TRIES && missing.length > 0; tries++) {
    const parameters = [...leaseColumns(missing), ...attemptColumns(missing), ...boundsOf(missing)];
    const rows = await database.query<{ delivery_id: string }[]>(LOG_LATE_ATTEMPTS, parameters);
    const logged = new Set(rows.map((row) => row.delivery_id));
    missing = missing.filter(({ delivery }) => !logged.has(delivery.id));
  }
}

function leaseColumns(results: readonly DeliveryResult[]): Buffer[] {
  return [
    uuidArray(results.map(({ delivery }) => delivery.target.environmentId)),
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
    textArray(attempts.map((attempt) => attempt && JSON.stringify(attempt.request.headers))),
    integerArray(responses.map((response) => response?.status)),
    textArray(responses.map((response) => response && JSON.stringify(response.headers))),
    textArray(responses.map((response) => response?.body)),
    booleanArray(responses.map((response) => response?.bodyTruncated)),
    integerArray(attempts.map((attempt) => attempt?.timings.dnsMs)),
    integerArray(attempts.map((attempt) => attempt?.timings.connectMs)),
    integerArray(attempts.map((attempt) => attempt?.timings.tlsMs)),
    integerArray(attempts.map((attempt) => attempt?.timings.firstByteMs)),
  ];
}

/** The first and last of the ids: they tell the planner, which sees no joined id, which days' partitions to look at. */
function boundsOf(sorted: readonly DeliveryResult[]): [first: string, last: string] {
  return [sorted[0]!.delivery.id, sorted.at(-1)!.delivery.id];
}

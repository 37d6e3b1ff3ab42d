import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { NamedStatement } from '../../database/statements/named-statement.js';
import {
  bigintArray,
  booleanArray,
  integerArray,
  textArray,
  timestampArray,
  unnest,
  uuid,
  uuidArray,
  type ValuesOf,
} from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import type { CancelReason, DeliveryResult, Settlement } from '../delivery.types.js';
import { ATTEMPT_COLUMNS, DELIVERY_COLUMNS, isOneOf, queuedAs } from './columns.js';
import { REPORTED_COLUMNS, reportFailed } from './report-failed.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

export interface Settled {
  status: 'succeeded' | 'failed' | 'canceled' | 'waiting';
  cancelReason: CancelReason | null;
}

export interface Settlements {
  /** By delivery, without those whose lease was lost. */
  settled: Map<string, Settled>;
  /** Webhooks whose health is known. The health of the others need not be read. */
  inTrouble: Set<string>;
}

/** A delivery whose outcome is not the one of its result, or whose lease was lost; or a webhook in trouble. */
type Row =
  | { delivery_id: string; status: Settled['status']; cancel_reason: CancelReason | null; webhook_in_trouble: null }
  | { delivery_id: string; status: null; cancel_reason: null; webhook_in_trouble: null }
  | { delivery_id: null; status: null; cancel_reason: null; webhook_in_trouble: string };

/** One element for each result, under the names of the columns that `unnest` makes. */
const attemptParameters = {
  environment_id: uuidArray,
  delivery_id: uuidArray,
  lease: uuidArray,
  started_at: timestampArray,
  duration_ms: integerArray,
  outcome: textArray,
  error: textArray,
  request_url: textArray,
  request_headers: textArray,
  response_status: integerArray,
  response_headers: textArray,
  response_body: textArray,
  response_body_truncated: booleanArray,
  dns_ms: integerArray,
  connect_ms: integerArray,
  tls_ms: integerArray,
  first_byte_ms: integerArray,
  stale_connection_ms: integerArray,
};

const resultParameters = {
  ...attemptParameters,
  settlement: textArray,
  in_ms: bigintArray,
  cancel_reason: textArray,
  is_forced: booleanArray,
  is_probe: booleanArray,
};

/** The first and last id tell the planner which days' partitions to read: it sees no joined id. */
const lateParameters = { ...attemptParameters, first_id: uuid, last_id: uuid };

const RETURNED = columnsOf<Row>({
  delivery_id: 'uuid',
  status: 'text',
  cancel_reason: 'text',
  webhook_in_trouble: 'uuid',
});

/**
 * Records many results at once. `held` locks the queue rows in the order of their ids, so statements that meet cannot
 * deadlock, and decisions see the newest state:
 *
 * - the lease is ours: the delivery goes to the log with this attempt, or waits again. If its webhook has stopped
 *   (`cancel_reason`), it ends as canceled instead of waiting. If somebody asked for another attempt (`is_forced`), a
 *   failure makes it due at once with the schedule anew;
 * - the lease was lost (the fence): nothing changes here. `LOG_LATE_ATTEMPTS` logs the attempt.
 *
 * The row that counts the attempts numbers them: no gap and no repeat, whoever records first.
 */
export const SETTLE_DELIVERIES = new StoredStatement({
  name: 'settle_deliveries',
  parameters: { ...resultParameters, webhook_ids: uuidArray },
  returns: RETURNED,
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM ${unnest(resultParameters, 'r')}
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id, q.webhook_id, q.event_type, q.lease, q.cancel_reason, q.is_forced, q.attempt_count
    FROM delivery_queue q
    WHERE q.delivery_id = ANY (p_delivery_id)
    ORDER BY q.delivery_id
    FOR UPDATE
  ),
  verdict AS MATERIALIZED (
    SELECT r.environment_id, r.delivery_id, h.webhook_id, h.event_type, r.in_ms, r.is_forced, r.is_probe,
      h.is_forced AS is_asked_for,
      h.attempt_count + (r.started_at IS NOT NULL)::int AS attempt_count,
      CASE WHEN r.started_at IS NOT NULL THEN h.attempt_count + 1 END AS number,
      CASE WHEN r.started_at IS NOT NULL THEN r.lease END AS lease, r.started_at, r.duration_ms, r.outcome, r.error,
      r.request_url, r.request_headers, r.response_status, r.response_headers, r.response_body,
      r.response_body_truncated, r.dns_ms, r.connect_ms, r.tls_ms, r.first_byte_ms, r.stale_connection_ms,
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
    WHERE ${isOneOf('q', 'verdict', "status <> 'waiting'")}
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
      failures = CASE
        WHEN v.is_asked_for THEN 0
        WHEN v.is_probe THEN q.failures
        ELSE q.failures + (v.started_at IS NOT NULL)::int
      END,
      is_forced = v.is_asked_for OR v.is_forced, is_lease_forced = false,
      lost_leases = CASE WHEN v.started_at IS NULL THEN q.lost_leases ELSE 0 END
    FROM verdict v
    WHERE ${isOneOf('q', 'verdict', "status = 'waiting'")}
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
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h
  WHERE h.webhook_id = ANY (p_webhook_ids) AND h.is_in_trouble`,
});

/**
 * For successes alone, as most batches are: nothing waits again, so the rows are deleted without being locked first.
 */
export const SETTLE_SUCCESSES = new StoredStatement({
  name: 'settle_successes',
  parameters: { ...attemptParameters, webhook_ids: uuidArray },
  returns: RETURNED,
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM ${unnest(attemptParameters, 'r')}
  ),
  removed AS (
    -- IS TRUE keeps the planner from making it a join, which could read the whole queue.
    DELETE FROM delivery_queue q
    WHERE q.delivery_id = ANY (p_delivery_id)
      AND ((q.delivery_id, q.lease) IN (SELECT * FROM unnest(p_delivery_id, p_lease))) IS TRUE
    RETURNING ${queuedAs('q')}
  ),
  closed AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, completed_at, ${ATTEMPT_COLUMNS})
    SELECT m.id, m.environment_id, m.event_id, m.webhook_id, m.event_type, m.created_at, m.attempt_count + 1,
      'succeeded', now(), m.attempt_count + 1, r.lease, r.started_at, r.duration_ms, r.outcome, r.error, r.request_url,
      r.request_headers, r.response_status, r.response_headers, r.response_body, r.response_body_truncated, r.dns_ms, r.connect_ms,
      r.tls_ms, r.first_byte_ms, r.stale_connection_ms
    FROM removed m JOIN result r ON r.delivery_id = m.id
    RETURNING ${ENTERED_COLUMNS}
  ),
  entered AS (${enterStats('closed')}
  )
  SELECT r.delivery_id, NULL, NULL, NULL::uuid
  FROM unnest(p_delivery_id) AS r (delivery_id)
  WHERE r.delivery_id NOT IN (SELECT id FROM removed)
  UNION ALL
  SELECT NULL, NULL, NULL, h.webhook_id FROM webhook_health h
  WHERE h.webhook_id = ANY (p_webhook_ids) AND h.is_in_trouble`,
});

/** SQL: whether the log's row `alias` may be one of the results': read by its key, not joined, as in `isOneOf`. */
function isLogged(alias: string): string {
  return `${alias}.environment_id = ANY (p_environment_id) AND ${alias}.id = ANY (p_delivery_id)
      AND ${alias}.id BETWEEN p_first_id AND p_last_id`;
}

/**
 * Logs attempts whose lease was lost before they were recorded, and returns them. One that was recorded already is
 * recognised by its lease. It leaves out deliveries that something else changed since this statement began: one that
 * moved to the log is found in neither place, and one with another attempt than `seen` may have this one.
 */
const LOG_LATE_ATTEMPTS = new NamedStatement<typeof lateParameters, { delivery_id: string }>({
  parameters: lateParameters,
  sql: `
  WITH result AS MATERIALIZED (
    SELECT * FROM ${unnest(attemptParameters, 'r')}
  ),
  held AS MATERIALIZED (
    SELECT q.delivery_id FROM delivery_queue q
    WHERE q.delivery_id = ANY (p_delivery_id)
    ORDER BY q.delivery_id FOR UPDATE
  ),
  known AS MATERIALIZED (
    SELECT r.delivery_id FROM result r JOIN attempt a ON a.delivery_id = r.delivery_id AND a.lease = r.lease
    WHERE a.delivery_id = ANY (p_delivery_id) AND a.delivery_id BETWEEN p_first_id AND p_last_id
    UNION ALL
    SELECT r.delivery_id FROM result r
    JOIN delivery d ON d.environment_id = r.environment_id AND d.id = r.delivery_id AND d.lease = r.lease
    WHERE ${isLogged('d')}
  ),
  seen AS MATERIALIZED (
    SELECT q.delivery_id, q.attempt_count FROM delivery_queue q WHERE q.delivery_id = ANY (p_delivery_id)
    UNION ALL
    SELECT d.id, d.attempt_count FROM delivery d WHERE ${isLogged('d')}
  ),
  late AS MATERIALIZED (
    SELECT r.*, s.attempt_count FROM result r JOIN seen s ON s.delivery_id = r.delivery_id
    WHERE r.delivery_id NOT IN (SELECT delivery_id FROM known)
  ),
  waiting AS (
    UPDATE delivery_queue q SET attempt_count = q.attempt_count + 1
    FROM held h JOIN late l ON l.delivery_id = h.delivery_id
    WHERE q.delivery_id = ANY (p_delivery_id) AND q.delivery_id = h.delivery_id AND q.attempt_count = l.attempt_count
    RETURNING q.delivery_id, q.webhook_id, q.event_type, q.attempt_count AS number
  ),
  closed AS (
    UPDATE delivery d SET attempt_count = d.attempt_count + 1
    FROM late l
    WHERE ${isLogged('d')} AND d.environment_id = l.environment_id AND d.id = l.delivery_id
      AND d.attempt_count = l.attempt_count
    RETURNING d.id AS delivery_id, d.webhook_id, d.event_type, d.attempt_count AS number
  ),
  numbered AS (
    SELECT * FROM waiting UNION ALL SELECT * FROM closed
  ),
  logged AS (
    INSERT INTO attempt (delivery_id, ${ATTEMPT_COLUMNS})
    SELECT l.delivery_id, ${ATTEMPT_COLUMNS} FROM late l JOIN numbered n ON n.delivery_id = l.delivery_id
  ),
  made AS (
    SELECT l.environment_id, n.webhook_id, n.event_type, NULL AS status, l.duration_ms
    FROM late l JOIN numbered n ON n.delivery_id = l.delivery_id
  ),
  entered AS (${enterStats('made')}
  )
  SELECT delivery_id FROM known UNION ALL SELECT delivery_id FROM numbered`,
});

/** A delivery may move from the queue to the log, or back, between two looks. */
const LATE_TRIES = 3;

/** @param results at least one, and no two of one delivery. */
export async function settleDeliveries(database: Queryable, results: readonly DeliveryResult[]): Promise<Settlements> {
  // Statements that meet then wait for each other.
  const sorted = results.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1));
  const attempts = {
    ...attemptValues(sorted),
    webhook_ids: [...new Set(sorted.map(({ delivery }) => delivery.target.webhookId))],
  };
  const rows = results.every(isSuccess)
    ? await SETTLE_SUCCESSES.run(database, attempts)
    : await SETTLE_DELIVERIES.run(database, { ...attempts, ...settlementValues(sorted) });
  const settled = new Map(results.map(({ delivery, settlement }) => [delivery.id, asWanted(settlement)]));
  const inTrouble = new Set<string>();
  for (const row of rows) {
    if (row.delivery_id === null) inTrouble.add(row.webhook_in_trouble);
    else if (row.status === null) settled.delete(row.delivery_id);
    else settled.set(row.delivery_id, { status: row.status, cancelReason: row.cancel_reason });
  }
  const late = results.filter(({ delivery, attempt }) => attempt !== null && !settled.has(delivery.id));
  if (late.length > 0) await logLateAttempts(database, late);
  return { settled, inTrouble };
}

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
    const rows = await LOG_LATE_ATTEMPTS.run(database, {
      ...attemptValues(missing),
      first_id: missing[0]!.delivery.id,
      last_id: missing.at(-1)!.delivery.id,
    });
    const logged = new Set(rows.map((row) => row.delivery_id));
    missing = missing.filter(({ delivery }) => !logged.has(delivery.id));
  }
}

function settlementValues(
  results: readonly DeliveryResult[],
): Omit<ValuesOf<typeof resultParameters>, keyof typeof attemptParameters> {
  return {
    settlement: results.map(({ settlement }) => settlement.kind),
    in_ms: results.map(({ settlement }) => (settlement.kind === 'waiting' ? settlement.inMs : null)),
    cancel_reason: results.map(({ settlement }) => (settlement.kind === 'canceled' ? settlement.reason : null)),
    is_forced: results.map(({ delivery, attempt }) => !attempt && delivery.isForced),
    is_probe: results.map(({ delivery }) => delivery.isProbe),
  };
}

function attemptValues(results: readonly DeliveryResult[]): ValuesOf<typeof attemptParameters> {
  const attempts = results.map(({ attempt }) => attempt);
  const responses = attempts.map((attempt) => attempt?.response);
  return {
    environment_id: results.map(({ delivery }) => delivery.target.environmentId),
    delivery_id: results.map(({ delivery }) => delivery.id),
    lease: results.map(({ delivery }) => delivery.lease),
    started_at: attempts.map((attempt) => attempt?.startedAt),
    duration_ms: attempts.map((attempt) => attempt?.durationMs),
    outcome: attempts.map((attempt) => attempt?.outcome),
    error: attempts.map((attempt) => attempt?.error),
    request_url: attempts.map((attempt) => attempt?.request.url),
    request_headers: attempts.map((attempt) => attempt && JSON.stringify(attempt.request.headers)),
    response_status: responses.map((response) => response?.status),
    response_headers: responses.map((response) => response && JSON.stringify(response.headers)),
    response_body: responses.map((response) => response?.body),
    response_body_truncated: responses.map((response) => response?.bodyTruncated),
    dns_ms: attempts.map((attempt) => attempt?.timings.dnsMs),
    connect_ms: attempts.map((attempt) => attempt?.timings.connectMs),
    tls_ms: attempts.map((attempt) => attempt?.timings.tlsMs),
    first_byte_ms: attempts.map((attempt) => attempt?.timings.firstByteMs),
    stale_connection_ms: attempts.map((attempt) => attempt?.timings.staleConnectionMs),
  };
}

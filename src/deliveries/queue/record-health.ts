import {
  DOWN_AFTER_FAILURES,
  DOWN_AFTER_MS,
  healthStateOf,
  FAILING_AFTER_DAYS,
  PROBE_INTERVAL_MS,
  RELAPSE_PROBE_MS,
  type EndpointHealth,
  type HealthState,
} from '../engine/endpoint-health.js';
import type { AttemptError } from '../../common/outcomes.js';
import type { Queryable } from '../../database/queryable.js';
import { stateByAttempts } from '../../webhooks/endpoint-state.js';
import { TEST_EVENT_TYPE } from '../../webhooks/event-types.js';

export interface OutcomeTally {
  webhookId: string;
  successes: number;
  /** Failed attempts after the webhook's last success of the batch. */
  failures: number;
  /** The last of these failures was a refusal (`isRefusal`). */
  isRefused: boolean;
  /** See `relapseAfterMs` in engine/endpoint-health.ts. */
  relapseAfterMs: number;
  pauseMs: number | null;
  /** The receiver took what a pause does not hold back: the pause is over. */
  endsPause: boolean;
  /** A test was taken: the endpoint may be up. */
  hastensProbe: boolean;
  lastFailure: LastFailure | null;
}

export interface LastFailure {
  at: Date;
  error: AttemptError | null;
  /** Null: there was no answer. */
  status: number | null;
  deliveryId: string;
}

/** Deliveries looked at for the last success before the failures: nearly always the first of them. */
const SUCCESSES_SCANNED = 100;

/**
 * `before` locks what is known, in the order of the ids, so only one statement sees each change of state. `healed`
 * applies the successes, then `judged` the failures, because they came later:
 *
 * - a success ends the count of failures. A down endpoint recovers with as many in flight as there were successes; a
 *   recovering one gets one more for each, until it has as many as any ($2);
 * - an endpoint is down after enough failures in a row over long enough; a recovering one mostly sooner.
 *
 * While it is down, a refusal lets the next delivery go out that was never tried. A row that another statement inserts
 * meanwhile is not seen here: both count first failures, so they are added up.
 */
const RECORD_OUTCOMES = `
  WITH tally AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $3::int[], $4::int[], $5::bool[], $6::bigint[], $7::bool[], $8::bool[],
      $9::timestamptz[], $10::text[], $11::int[], $12::uuid[], $13::int[]) AS t (
      webhook_id, successes, failures, is_refused, pause_ms, ends_pause, hastens_probe, last_failure_at, last_failure_error,
      last_failure_status, last_failure_delivery_id, relapse_after_ms
    )
  ),
  before AS MATERIALIZED (
    SELECT h.* FROM webhook_health h
    WHERE h.webhook_id = ANY ($1::uuid[])
    ORDER BY h.webhook_id
    FOR UPDATE
  ),
  healed AS (
    SELECT t.*, b.webhook_id IS NOT NULL AS is_known, ${stateByAttempts('b')} AS state_before, b.changed_at AS changed_before,
      b.in_flight_limit AS limit_before, b.next_probe_at AS probe_before,
      coalesce(b.next_first_try_at, b.next_probe_at) AS first_try_before,
      CASE WHEN b.paused_until > now() THEN b.paused_until END AS paused_before, b.paused_at AS paused_at_before,
      CASE
        WHEN t.successes > 0 THEN now()
        -- Successes of an endpoint in no trouble are not recorded here.
        WHEN NOT b.is_in_trouble OR b.webhook_id IS NULL THEN greatest(b.last_success_at, ${lastLoggedSuccess('t.webhook_id')})
        ELSE b.last_success_at
      END AS last_success_at,
      CASE WHEN t.successes = 0 THEN coalesce(b.consecutive_failures, 0) ELSE 0 END AS consecutive_before,
      CASE WHEN t.successes = 0 THEN b.failing_since END AS failing_before,
      CASE WHEN t.successes = 0 THEN coalesce(b.failure_days, '{}') ELSE '{}' END AS days_before,
      CASE WHEN b.in_flight_limit = 0 OR t.successes = 0 OR b.in_flight_limit + t.successes < $2::int
        THEN b.in_flight_limit + t.successes
      END AS limit_healed
    FROM tally t LEFT JOIN before b ON b.webhook_id = t.webhook_id
  ),
  failed AS (
    SELECT *, consecutive_before + failures AS consecutive_failures,
      CASE WHEN failures > 0 THEN coalesce(failing_before, now()) ELSE failing_before END AS failing_since,
      ARRAY(
        SELECT DISTINCT day
        FROM unnest(days_before || CASE WHEN failures > 0 THEN (now() AT TIME ZONE 'UTC')::date END) AS day
        WHERE day > (now() AT TIME ZONE 'UTC')::date - ${FAILING_AFTER_DAYS} ORDER BY day
      ) AS failure_days,
      greatest(CASE WHEN NOT ends_pause THEN paused_before END, now() + pause_ms * interval '1 millisecond') AS paused_until
    FROM healed
  ),
  judged AS (
    SELECT *,
      CASE
        WHEN failures = 0 THEN limit_healed
        WHEN consecutive_failures >= ${DOWN_AFTER_FAILURES} AND failing_since
          <= now() - CASE WHEN limit_healed > 0 THEN relapse_after_ms ELSE ${DOWN_AFTER_MS} END * interval '1 millisecond' THEN 0
        ELSE limit_healed
      END AS in_flight_limit
    FROM failed
  ),
  probed AS (
    SELECT *,
      CASE
        WHEN in_flight_limit IS DISTINCT FROM 0 THEN NULL
        WHEN limit_healed = 0 AND hastens_probe THEN now()
        WHEN limit_healed = 0 THEN probe_before
        WHEN limit_healed > 0 AND NOT is_refused THEN now() + interval '${RELAPSE_PROBE_MS} milliseconds'
        ELSE now() + interval '${PROBE_INTERVAL_MS} milliseconds'
      END AS next_probe_at
    FROM judged
  ),
  after AS MATERIALIZED (
    SELECT p.*, ${stateByAttempts('p')} AS state,
      CASE
        WHEN in_flight_limit IS DISTINCT FROM 0 THEN NULL
        WHEN failures > 0 AND is_refused OR hastens_probe THEN now()
        WHEN limit_healed = 0 THEN first_try_before
        ELSE next_probe_at
      END AS next_first_try_at
    FROM probed p
  ),
  changed AS (
    UPDATE webhook_health h
    SET consecutive_failures = a.consecutive_failures, failing_since = a.failing_since, failure_days = a.failure_days,
      paused_until = a.paused_until,
      paused_at = CASE WHEN a.paused_until IS NULL THEN NULL WHEN a.paused_before IS NULL THEN now() ELSE a.paused_at_before END,
      in_flight_limit = a.in_flight_limit, next_probe_at = a.next_probe_at, next_first_try_at = a.next_first_try_at,
      changed_at = CASE WHEN a.state = a.state_before THEN a.changed_before ELSE now() END,
      last_success_at = a.last_success_at,
      last_failure_at = CASE WHEN a.last_failure_at IS NULL THEN h.last_failure_at ELSE a.last_failure_at END,
      last_failure_error = CASE WHEN a.last_failure_at IS NULL THEN h.last_failure_error ELSE a.last_failure_error END,
      last_failure_status = CASE WHEN a.last_failure_at IS NULL THEN h.last_failure_status ELSE a.last_failure_status END,
      last_failure_delivery_id =
        CASE WHEN a.last_failure_at IS NULL THEN h.last_failure_delivery_id ELSE a.last_failure_delivery_id END
    FROM after a
    WHERE h.webhook_id = ANY ($1::uuid[]) AND h.webhook_id = a.webhook_id
  ),
  begun AS (
    INSERT INTO webhook_health AS h (webhook_id, consecutive_failures, failing_since, failure_days, paused_until, paused_at,
      last_success_at, last_failure_at, last_failure_error, last_failure_status, last_failure_delivery_id)
    SELECT a.webhook_id, a.consecutive_failures, a.failing_since, a.failure_days, a.paused_until,
      CASE WHEN a.paused_until IS NOT NULL THEN now() END, a.last_success_at, a.last_failure_at, a.last_failure_error, a.last_failure_status, a.last_failure_delivery_id
    FROM after a
    WHERE NOT a.is_known AND (a.consecutive_failures > 0 OR a.paused_until IS NOT NULL)
    ORDER BY a.webhook_id
    ON CONFLICT (webhook_id) DO UPDATE SET
      consecutive_failures = h.consecutive_failures + excluded.consecutive_failures,
      failing_since = coalesce(h.failing_since, excluded.failing_since),
      failure_days = CASE WHEN h.failure_days = '{}' THEN excluded.failure_days ELSE h.failure_days END,
      paused_until = greatest(h.paused_until, excluded.paused_until),
      paused_at = coalesce(h.paused_at, excluded.paused_at)
  )
  SELECT webhook_id, limit_before, in_flight_limit, consecutive_failures, failing_since,
    cardinality(failure_days) AS failure_days,
    CASE WHEN paused_before IS NULL THEN paused_until END AS newly_paused_until,
    paused_before IS NOT NULL AND paused_until IS NULL AS has_pause_ended,
    now() AS now
  FROM after`;

/** SQL: when the newest success was finished, if it is among the webhook's last deliveries. Tests do not count. */
export function lastLoggedSuccess(webhookId: string): string {
  return `(
    SELECT max(d.completed_at) FROM (
      SELECT completed_at, status, event_type FROM delivery WHERE webhook_id = ${webhookId}
      ORDER BY id DESC LIMIT ${SUCCESSES_SCANNED}
    ) d WHERE d.status = 'succeeded' AND d.event_type <> '${TEST_EVENT_TYPE}'
  )`;
}

interface Row {
  webhook_id: string;
  limit_before: number | null;
  in_flight_limit: number | null;
  consecutive_failures: number;
  failing_since: Date | null;
  failure_days: number;
  newly_paused_until: Date | null;
  has_pause_ended: boolean;
  now: Date;
}

export interface RecordedHealth extends EndpointHealth {
  webhookId: string;
  before: HealthState;
  after: HealthState;
  /** Set if the webhook was not paused before. */
  newlyPausedUntil: Date | null;
  hasPauseEnded: boolean;
  /** The database's time of the record. */
  now: Date;
}

/** @param fullLimit attempts in flight to one webhook at most: with so many an endpoint has recovered. */
export async function recordOutcomes(
  database: Queryable,
  tallies: readonly OutcomeTally[],
  fullLimit: number,
): Promise<RecordedHealth[]> {
  const rows = await database.query<Row[]>(RECORD_OUTCOMES, [
    tallies.map(({ webhookId }) => webhookId),
    fullLimit,
    tallies.map(({ successes }) => successes),
    tallies.map(({ failures }) => failures),
    tallies.map(({ isRefused }) => isRefused),
    tallies.map(({ pauseMs }) => pauseMs),
    tallies.map(({ endsPause }) => endsPause),
    tallies.map(({ hastensProbe }) => hastensProbe),
    tallies.map(({ lastFailure }) => lastFailure?.at ?? null),
    tallies.map(({ lastFailure }) => lastFailure?.error ?? null),
    tallies.map(({ lastFailure }) => lastFailure?.status ?? null),
    tallies.map(({ lastFailure }) => lastFailure?.deliveryId ?? null),
    tallies.map(({ relapseAfterMs }) => relapseAfterMs),
  ]);
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    before: healthStateOf(row.limit_before),
    after: healthStateOf(row.in_flight_limit),
    newlyPausedUntil: row.newly_paused_until,
    hasPauseEnded: row.has_pause_ended,
    consecutiveFailures: row.consecutive_failures,
    failingSince: row.failing_since ?? row.now,
    failureDays: row.failure_days,
    now: row.now,
  }));
}

const CLEAR = `
  WITH known AS MATERIALIZED (
    SELECT webhook_id, in_flight_limit, is_in_trouble FROM webhook_health
    WHERE webhook_id = ANY ($1::uuid[]) ORDER BY webhook_id FOR UPDATE
  ),
  cleared AS (
    INSERT INTO webhook_health (webhook_id, consecutive_failures)
    SELECT id, 0 FROM unnest($1::uuid[]) AS id
    ORDER BY id
    ON CONFLICT (webhook_id) DO UPDATE
    SET consecutive_failures = 0, failing_since = NULL, failure_days = '{}', paused_until = NULL, paused_at = NULL,
      in_flight_limit = NULL, next_probe_at = NULL, next_first_try_at = NULL, changed_at = now(), last_failure_at = NULL,
      last_failure_error = NULL, last_failure_status = NULL, last_failure_delivery_id = NULL
  )
  SELECT webhook_id, in_flight_limit FROM known WHERE is_in_trouble`;

/**
 * Forgets what is known against endpoints: their webhooks have changed, or somebody asked for it.
 *
 * @returns the states of those that were in trouble.
 */
export async function clearHealth(
  database: Queryable,
  webhookIds: readonly string[],
): Promise<Map<string, HealthState>> {
  const rows = await database.query<{ webhook_id: string; in_flight_limit: number | null }[]>(CLEAR, [webhookIds]);
  return new Map(rows.map((row) => [row.webhook_id, healthStateOf(row.in_flight_limit)]));
}

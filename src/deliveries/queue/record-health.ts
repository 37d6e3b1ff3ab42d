import {
  DOWN_AFTER_FAILURES,
  DOWN_AFTER_MS,
  endpointStateOf,
  FAILING_AFTER_DAYS,
  PROBE_INTERVAL_MS,
  RELAPSE_PROBE_MS,
  type EndpointHealth,
  type EndpointState,
} from '../engine/endpoint-health.js';
import type { Queryable } from '../../database/queryable.js';

/** What a batch of results says of one webhook. */
export interface OutcomeTally {
  webhookId: string;
  successes: number;
  /** Failed attempts after the webhook's last success of the batch. */
  failures: number;
  /** The longest pause that the receiver asked for, in milliseconds. */
  pauseMs: number | null;
}

/**
 * `before` locks what is known, in the order of the ids, so each change of state is seen by one statement alone.
 * `healed` is what the successes make of it, and `after` what the failures make of that, because they came later:
 *
 * - a success ends the count of failures. An endpoint that was down recovers with as many attempts in flight as there
 *   were successes; one that recovers gets one more for each, until it has as many as any ($5);
 * - a failure while it recovers takes it down again at once; else the endpoint is down after enough of them.
 *
 * A row that says nothing any more is deleted. A row that another statement inserts meanwhile is not seen here: both
 * count the first failures of an endpoint, so they are added up.
 */
const RECORD_OUTCOMES = `
  WITH tally AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[])
      AS t (webhook_id, successes, failures, pause_ms)
  ),
  before AS MATERIALIZED (
    SELECT h.* FROM webhook_health h
    WHERE h.webhook_id IN (SELECT webhook_id FROM tally)
    ORDER BY h.webhook_id
    FOR UPDATE
  ),
  healed AS (
    SELECT t.webhook_id, t.failures, t.pause_ms, b.webhook_id IS NOT NULL AS is_known,
      b.in_flight_limit AS limit_before, b.paused_until AS paused_before, b.next_probe_at AS probe_before,
      CASE WHEN t.successes = 0 THEN coalesce(b.consecutive_failures, 0) ELSE 0 END AS consecutive_failures,
      CASE WHEN t.successes = 0 THEN b.failing_since END AS failing_since,
      CASE WHEN t.successes = 0 THEN coalesce(b.failure_days, '{}') ELSE '{}' END AS failure_days,
      CASE WHEN b.in_flight_limit = 0 OR t.successes = 0 OR b.in_flight_limit + t.successes < $5::int
        THEN b.in_flight_limit + t.successes
      END AS in_flight_limit
    FROM tally t LEFT JOIN before b ON b.webhook_id = t.webhook_id
  ),
  failed AS (
    SELECT webhook_id, is_known, limit_before, paused_before, probe_before, failures, in_flight_limit AS limit_healed,
      consecutive_failures + failures AS consecutive_failures,
      CASE WHEN failures > 0 THEN coalesce(failing_since, now()) END AS failing_since,
      ARRAY(
        SELECT DISTINCT day
        FROM unnest(failure_days || CASE WHEN failures > 0 THEN (now() AT TIME ZONE 'UTC')::date END) AS day
        WHERE day > (now() AT TIME ZONE 'UTC')::date - ${FAILING_AFTER_DAYS} ORDER BY day
      ) AS failure_days,
      greatest(paused_before, now() + pause_ms * interval '1 millisecond') AS paused_until
    FROM healed
  ),
  judged AS (
    SELECT *,
      CASE
        WHEN failures = 0 THEN limit_healed
        WHEN limit_healed IS NOT NULL OR (consecutive_failures >= ${DOWN_AFTER_FAILURES}
          AND failing_since <= now() - interval '${DOWN_AFTER_MS} milliseconds') THEN 0
      END AS in_flight_limit
    FROM failed
  ),
  after AS MATERIALIZED (
    SELECT *,
      CASE
        WHEN in_flight_limit > 0 THEN NULL
        WHEN limit_healed > 0 THEN now() + interval '${RELAPSE_PROBE_MS} milliseconds'
        WHEN limit_healed = 0 THEN probe_before
        WHEN in_flight_limit = 0 THEN now() + interval '${PROBE_INTERVAL_MS} milliseconds'
      END AS next_probe_at
    FROM judged
  ),
  forgotten AS (
    DELETE FROM webhook_health h USING after a
    WHERE h.webhook_id = a.webhook_id AND a.consecutive_failures = 0 AND a.in_flight_limit IS NULL
      AND (a.paused_until > now()) IS NOT TRUE
  ),
  changed AS (
    UPDATE webhook_health h
    SET consecutive_failures = a.consecutive_failures, failing_since = a.failing_since,
      failure_days = a.failure_days, paused_until = a.paused_until, in_flight_limit = a.in_flight_limit,
      next_probe_at = a.next_probe_at
    FROM after a
    WHERE h.webhook_id = a.webhook_id
      AND (a.consecutive_failures > 0 OR a.in_flight_limit IS NOT NULL OR a.paused_until > now())
  ),
  begun AS (
    INSERT INTO webhook_health AS h (webhook_id, consecutive_failures, failing_since, failure_days, paused_until)
    SELECT webhook_id, consecutive_failures, failing_since, failure_days, paused_until FROM after
    WHERE NOT is_known AND (consecutive_failures > 0 OR paused_until IS NOT NULL)
    ORDER BY webhook_id
    ON CONFLICT (webhook_id) DO UPDATE SET
      consecutive_failures = h.consecutive_failures + excluded.consecutive_failures,
      failing_since = coalesce(h.failing_since, excluded.failing_since),
      failure_days = CASE WHEN h.failure_days = '{}' THEN excluded.failure_days ELSE h.failure_days END,
      paused_until = greatest(h.paused_until, excluded.paused_until)
  )
  SELECT webhook_id, limit_before, in_flight_limit, consecutive_failures, failing_since,
    cardinality(failure_days) AS failure_days,
    CASE WHEN paused_until > now() AND (paused_before > now()) IS NOT TRUE THEN paused_until END AS newly_paused_until,
    now() AS now
  FROM after`;

interface Row {
  webhook_id: string;
  limit_before: number | null;
  in_flight_limit: number | null;
  consecutive_failures: number;
  failing_since: Date | null;
  failure_days: number;
  newly_paused_until: Date | null;
  now: Date;
}

export interface RecordedHealth extends EndpointHealth {
  webhookId: string;
  before: EndpointState;
  after: EndpointState;
  /** Set when the webhook was not paused before: until when it is now. */
  newlyPausedUntil: Date | null;
  /** The database's time of the record. */
  now: Date;
}

/**
 * Adds what attempts came to to the health of their webhooks.
 *
 * @param fullLimit attempts in flight to one webhook at most: with so many an endpoint has recovered.
 */
export async function recordOutcomes(
  database: Queryable,
  tallies: readonly OutcomeTally[],
  fullLimit: number,
): Promise<RecordedHealth[]> {
  const rows = await database.query<Row[]>(RECORD_OUTCOMES, [
    tallies.map(({ webhookId }) => webhookId),
    tallies.map(({ successes }) => successes),
    tallies.map(({ failures }) => failures),
    tallies.map(({ pauseMs }) => pauseMs),
    fullLimit,
  ]);
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    before: endpointStateOf(row.limit_before),
    after: endpointStateOf(row.in_flight_limit),
    newlyPausedUntil: row.newly_paused_until,
    consecutiveFailures: row.consecutive_failures,
    failingSince: row.failing_since ?? row.now,
    failureDays: row.failure_days,
    now: row.now,
  }));
}

const CLEAR = `
  WITH known AS MATERIALIZED (
    SELECT webhook_id, in_flight_limit FROM webhook_health
    WHERE webhook_id = ANY ($1::uuid[]) ORDER BY webhook_id FOR UPDATE
  ),
  forgotten AS (
    DELETE FROM webhook_health h USING known k WHERE h.webhook_id = k.webhook_id
  )
  SELECT webhook_id, in_flight_limit FROM known`;

/**
 * Forgets what is known of endpoints: their webhooks have changed.
 *
 * @returns the states that they were in; one of which nothing was known is not among them.
 */
export async function clearHealth(
  database: Queryable,
  webhookIds: readonly string[],
): Promise<Map<string, EndpointState>> {
  const rows = await database.query<{ webhook_id: string; in_flight_limit: number | null }[]>(CLEAR, [webhookIds]);
  return new Map(rows.map((row) => [row.webhook_id, endpointStateOf(row.in_flight_limit)]));
}

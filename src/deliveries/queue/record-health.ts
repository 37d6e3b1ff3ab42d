import { FAILING_AFTER_DAYS, PROBE_INTERVAL_MS } from '../engine/endpoint-health.js';
import type { EndpointHealth } from '../engine/endpoint-health.js';
import type { Queryable } from '../../database/queryable.js';

/** What a batch of results says of one webhook that failed. */
export interface FailureTally {
  webhookId: string;
  /** Failed attempts after the webhook's last success of the batch. */
  failures: number;
  /** The longest pause that the receiver asked for, in milliseconds. */
  pauseMs: number | null;
}

const RECORD_FAILURES = `
  INSERT INTO webhook_health AS h
    (webhook_id, consecutive_failures, failing_since, failure_days, paused_until, next_probe_at)
  SELECT t.webhook_id, t.failures, CASE WHEN t.failures > 0 THEN now() END,
    CASE WHEN t.failures > 0 THEN ARRAY[(now() AT TIME ZONE 'UTC')::date] ELSE '{}' END,
    now() + t.pause_ms * interval '1 millisecond', now() + interval '${PROBE_INTERVAL_MS} milliseconds'
  FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS t (webhook_id, failures, pause_ms)
  ORDER BY t.webhook_id
  ON CONFLICT (webhook_id) DO UPDATE SET
    consecutive_failures = h.consecutive_failures + excluded.consecutive_failures,
    failing_since = coalesce(h.failing_since, excluded.failing_since),
    failure_days = ARRAY(
      SELECT DISTINCT day FROM unnest(h.failure_days || excluded.failure_days) AS day
      WHERE day > (now() AT TIME ZONE 'UTC')::date - ${FAILING_AFTER_DAYS} ORDER BY day
    ),
    paused_until = greatest(h.paused_until, excluded.paused_until)
  RETURNING webhook_id, consecutive_failures, failing_since, cardinality(failure_days) AS failure_days, now() AS now`;

interface Row {
  webhook_id: string;
  consecutive_failures: number;
  failing_since: Date | null;
  failure_days: number;
  now: Date;
}

export interface RecordedHealth extends EndpointHealth {
  webhookId: string;
  /** The database's time of the record. */
  now: Date;
}

/** Adds failed attempts to the health of their webhooks. Successes clear it when they are settled. */
export async function recordFailures(database: Queryable, tallies: readonly FailureTally[]): Promise<RecordedHealth[]> {
  const rows = await database.query<Row[]>(RECORD_FAILURES, [
    tallies.map(({ webhookId }) => webhookId),
    tallies.map(({ failures }) => failures),
    tallies.map(({ pauseMs }) => pauseMs),
  ]);
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    consecutiveFailures: row.consecutive_failures,
    failingSince: row.failing_since ?? row.now,
    failureDays: row.failure_days,
    now: row.now,
  }));
}

const CLEAR = `
  WITH known AS MATERIALIZED (
    SELECT webhook_id FROM webhook_health WHERE webhook_id = ANY ($1::uuid[]) ORDER BY webhook_id FOR UPDATE
  )
  DELETE FROM webhook_health h USING known k WHERE h.webhook_id = k.webhook_id`;

/** Forgets what is known of endpoints: their webhooks have changed. */
export async function clearHealth(database: Queryable, webhookIds: readonly string[]): Promise<void> {
  await database.query(CLEAR, [webhookIds]);
}

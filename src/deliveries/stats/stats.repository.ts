import type { DataSource, EntityManager } from 'typeorm';
import type { Queryable } from '../../database/queryable.js';
import { KEPT_S } from './stats-window.js';

/** The advisory lock of whoever merges. "tidstat" in ASCII, shortened. */
const MERGE_LOCK = 0x74737461;

/** Entries that one statement merges: bounds how long it holds the embedded engine's session, about 0.05 s. */
const ENTRIES_PER_MERGE = 1_000;

/** Buckets that one statement removes. */
const BUCKETS_PER_TRIM = 1_000;

const KEPT = `(VALUES ${KEPT_S.map(({ widthS, forS }) => `(${widthS}, ${forS})`).join(', ')}) AS kept (width_s, for_s)`;

const KEY = 'environment_id, subject_id, width_s, at';

/**
 * Buckets that exist are looked up one by one: a join could read all of them. Nobody else writes them meanwhile, so the
 * sums of what is read here and of what is taken are the new values.
 */
const MERGE = `
  WITH taken AS MATERIALIZED (
    DELETE FROM stats_entry WHERE id = ANY (ARRAY(SELECT id FROM stats_entry ORDER BY id LIMIT ${ENTRIES_PER_MERGE}))
    RETURNING environment_id, webhook_id, at, succeeded, failed, canceled, latencies
  ),
  minute AS MATERIALIZED (
    SELECT environment_id, webhook_id, date_bin('1 minute', at, 'epoch') AS at,
      sum(succeeded) AS succeeded, sum(failed) AS failed, sum(canceled) AS canceled
    FROM taken GROUP BY 1, 2, 3
  ),
  minute_latency AS MATERIALIZED (
    SELECT environment_id, webhook_id, date_bin('1 minute', at, 'epoch') AS at, latency, count(*) AS attempts
    FROM taken CROSS JOIN unnest(latencies) AS latency GROUP BY 1, 2, 3, 4
  ),
  place AS MATERIALIZED (
    SELECT environment_id, webhook_id, m.at AS minute, subject_id, width_s,
      date_bin(width_s * interval '1 second', m.at, 'epoch') AS at
    FROM minute m
    CROSS JOIN LATERAL (VALUES (webhook_id), (environment_id)) AS subject (subject_id)
    CROSS JOIN ${KEPT}
    WHERE m.at > now() - for_s * interval '1 second'
  ),
  sums AS MATERIALIZED (
    SELECT environment_id, p.subject_id, p.width_s, p.at,
      sum(succeeded) AS succeeded, sum(failed) AS failed, sum(canceled) AS canceled
    FROM place p JOIN minute m USING (environment_id, webhook_id) WHERE m.at = p.minute
    GROUP BY 1, 2, 3, 4
  ),
  latency AS (
    SELECT environment_id, p.subject_id, p.width_s, p.at, latency, attempts
    FROM place p JOIN minute_latency m USING (environment_id, webhook_id) WHERE m.at = p.minute
    UNION ALL
    SELECT s.environment_id, s.subject_id, s.width_s, s.at, known.latency, known.attempts
    FROM sums s
    CROSS JOIN LATERAL (
      SELECT latencies, latency_counts FROM stats_bucket b
      WHERE b.environment_id = s.environment_id AND b.subject_id = s.subject_id AND b.width_s = s.width_s AND b.at = s.at
      LIMIT 1
    ) AS bucket
    CROSS JOIN LATERAL unnest(bucket.latencies, bucket.latency_counts) AS known (latency, attempts)
  ),
  histogram AS (
    SELECT ${KEY}, array_agg(latency ORDER BY latency) AS latencies, array_agg(attempts ORDER BY latency) AS counts
    FROM (SELECT ${KEY}, latency, sum(attempts)::int4 AS attempts FROM latency GROUP BY ${KEY}, latency) AS summed
    GROUP BY ${KEY}
  ),
  written AS (
    INSERT INTO stats_bucket AS b (${KEY}, succeeded, failed, canceled, latencies, latency_counts)
    SELECT ${KEY}, succeeded, failed, canceled, coalesce(latencies, '{}'), coalesce(counts, '{}')
    FROM sums LEFT JOIN histogram USING (${KEY})
    ON CONFLICT (${KEY}) DO UPDATE
    SET succeeded = b.succeeded + excluded.succeeded, failed = b.failed + excluded.failed,
      canceled = b.canceled + excluded.canceled, latencies = excluded.latencies, latency_counts = excluded.latency_counts
  )
  SELECT count(*)::int AS merged FROM taken`;

const TRIM = `
  WITH removed AS (
    DELETE FROM stats_bucket WHERE ctid = ANY (ARRAY(
      SELECT b.ctid FROM ${KEPT}
      CROSS JOIN LATERAL (
        SELECT ctid FROM stats_bucket b
        WHERE b.width_s = kept.width_s AND b.at <= now() - for_s * interval '1 second'
        ORDER BY b.at LIMIT ${BUCKETS_PER_TRIM}
      ) AS b
      LIMIT ${BUCKETS_PER_TRIM}
    )) RETURNING 1
  )
  SELECT count(*)::int AS removed FROM removed`;

/**
 * Merges the oldest entries into the buckets. One replica does it at a time, and a reader finds an entry either as such or
 * in its buckets.
 *
 * @returns whether there may be more; false when another replica is at it.
 */
export function mergeStats(dataSource: DataSource): Promise<boolean> {
  return dataSource.transaction(async (manager) => {
    if (!(await tryToLock(manager))) return false;
    // A statement of its own: it must see what the one that had the lock has written.
    const [row] = await manager.query<[{ merged: number }]>(MERGE);
    return row.merged === ENTRIES_PER_MERGE;
  });
}

/**
 * Removes buckets that are in no window any more.
 *
 * @returns whether there may be more.
 */
export async function trimStats(database: Queryable): Promise<boolean> {
  const [row] = await database.query<[{ removed: number }]>(TRIM);
  return row.removed === BUCKETS_PER_TRIM;
}

async function tryToLock(manager: EntityManager): Promise<boolean> {
  const [lock] = await manager.query<[{ isHeld: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [
    MERGE_LOCK,
  ]);
  return lock.isHeld;
}

/** What a stretch of time came to, or a part of that. */
export interface StatsRow {
  /** In the stretch. */
  at: Date;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Numbers of intervals, with how many attempts each has in `latencyCounts`. */
  latencies: number[];
  latencyCounts: number[];
}

/** Entries that are not merged yet are few enough to be read as a whole. */
const READ = `
  WITH entry AS MATERIALIZED (
    SELECT date_bin($3::int * interval '1 second', at, 'epoch') AS at, succeeded, failed, canceled, latencies
    FROM stats_entry
    WHERE environment_id = $1::uuid AND $2::uuid IN (webhook_id, environment_id) AND at >= $4::timestamptz
  )
  SELECT at, succeeded, failed, canceled, latencies, latency_counts AS "latencyCounts" FROM stats_bucket
  WHERE environment_id = $1::uuid AND subject_id = $2::uuid AND width_s = $3::int AND at >= $4::timestamptz
  UNION ALL
  SELECT at, sum(succeeded)::int, sum(failed)::int, sum(canceled)::int, '{}', '{}' FROM entry GROUP BY at
  UNION ALL
  SELECT at, 0, 0, 0, array_agg(latency), array_agg(attempts)
  FROM (
    SELECT at, latency, count(*)::int AS attempts FROM entry CROSS JOIN unnest(latencies) AS latency GROUP BY at, latency
  ) AS counted
  GROUP BY at`;

/**
 * @param subjectId a webhook, or the environment itself.
 * @param widthS the width of the buckets to read, in seconds: one of those that are kept.
 */
export function readStats(
  database: Queryable,
  environmentId: string,
  subjectId: string,
  widthS: number,
  from: Date,
): Promise<StatsRow[]> {
  return database.query<StatsRow[]>(READ, [environmentId, subjectId, widthS, from]);
}

/** How a webhook's endpoint is doing: when the first attempt since the last success failed. */
export async function readFailingSince(database: Queryable, webhookId: string): Promise<Date | null> {
  const [row] = await database.query<{ failing_since: Date | null }[]>(
    'SELECT failing_since FROM webhook_health WHERE webhook_id = $1',
    [webhookId],
  );
  return row?.failing_since ?? null;
}

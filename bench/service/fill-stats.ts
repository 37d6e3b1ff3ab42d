import type pg from 'pg';

/** The buckets that a service keeps, by their width, and how far back. */
const KEPT: readonly { widthS: number; forS: number }[] = [
  { widthS: 60, forS: 2 * 3_600 },
  { widthS: 3_600, forS: 31 * 86_400 },
];

/** SQL: the number under which a duration in milliseconds is counted, sixteen for each doubling; of NULL NULL. */
const latencyNumber = (durationMs: string): string =>
  `CASE WHEN ${durationMs} IS NOT NULL THEN floor(16 * ln(greatest(1, ${durationMs})) / ln(2))::smallint END`;

/**
 * The statistics of all that is logged, as a service would have counted them: of each webhook and of each environment. A
 * delivery and its last attempt count when it was completed, other attempts when they were started. Does nothing for a
 * version that keeps none.
 */
export async function fillStats(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(`SELECT to_regclass('stats_bucket') IS NOT NULL AS exists`);
  if (!rows[0]!.exists) return;
  await client.query('TRUNCATE stats_bucket');
  for (const { widthS, forS } of KEPT) await client.query(BUCKETS, [widthS, forS]);
}

const at = (instant: string): string => `date_bin($1::int * interval '1 second', ${instant}, 'epoch')`;

/** $1: the width in seconds; $2: how far back, in seconds. */
const BUCKETS = `
  WITH counted AS MATERIALIZED (
    SELECT environment_id, webhook_id, ${at('completed_at')} AS at, status,
      ${latencyNumber('duration_ms')} AS latency, count(*) AS n
    FROM delivery
    WHERE completed_at > now() - $2::int * interval '1 second'
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT environment_id, webhook_id, ${at('a.started_at')}, NULL, ${latencyNumber('a.duration_ms')}, count(*)
    FROM attempt a JOIN delivery d ON d.id = a.delivery_id
    WHERE a.started_at > now() - $2::int * interval '1 second'
    GROUP BY 1, 2, 3, 4, 5
  ),
  by_latency AS (
    SELECT environment_id, subject_id, at, latency, sum(n) FILTER (WHERE latency IS NOT NULL) AS attempts,
      coalesce(sum(n) FILTER (WHERE status = 'succeeded'), 0) AS succeeded,
      coalesce(sum(n) FILTER (WHERE status = 'failed'), 0) AS failed,
      coalesce(sum(n) FILTER (WHERE status = 'canceled'), 0) AS canceled
    FROM counted CROSS JOIN LATERAL (VALUES (webhook_id), (environment_id)) AS subject (subject_id)
    GROUP BY 1, 2, 3, 4
  )
  INSERT INTO stats_bucket (environment_id, subject_id, width_s, at, succeeded, failed, canceled, latencies,
    latency_counts)
  SELECT environment_id, subject_id, $1, at, sum(succeeded), sum(failed), sum(canceled),
    coalesce(array_agg(latency ORDER BY latency) FILTER (WHERE latency IS NOT NULL), '{}'),
    coalesce(array_agg(attempts ORDER BY latency) FILTER (WHERE latency IS NOT NULL), '{}')
  FROM by_latency GROUP BY 1, 2, 4`;

import type pg from 'pg';
import { latencyIntervalOf } from '../../src/deliveries/queue/latency-intervals.js';
import { LEVELS } from '../../src/stats/stats-window.js';

const LAST_WIDTH_S = LEVELS.at(-1)!.widthS;

const beginningOf = (widthS: number | string, instant: string): string =>
  `date_bin(${widthS} * interval '1 second', ${instant}, 'epoch')`;

/** SQL: the present width of the bucket of an instant, in seconds. */
const widthOf = (instant: string): string => `
  CASE
    ${LEVELS.slice(0, -1)
      .map(
        ({ widthS, forS }) =>
          `WHEN ${beginningOf(widthS, instant)} > now() - interval '${forS} seconds' THEN ${widthS}`,
      )
      .join('\n    ')}
    ELSE ${LAST_WIDTH_S}
  END`;

/** SQL: when a bucket moves on. */
const MOVES_AT = `at + interval '1 second' * CASE width_s
  ${LEVELS.map(({ widthS, forS }) => `WHEN ${widthS} THEN ${forS}`).join(' ')} END`;

const BUCKETS = `
  WITH fact AS (
    SELECT environment_id, webhook_id, completed_at AS instant, ${widthOf('completed_at')} AS width_s, status,
      ${latencyIntervalOf('duration_ms')} AS latency
    FROM delivery
    UNION ALL
    SELECT environment_id, webhook_id, a.started_at, ${widthOf('a.started_at')}, NULL,
      ${latencyIntervalOf('a.duration_ms')}
    FROM attempt a JOIN delivery d ON d.id = a.delivery_id
  ),
  counted AS MATERIALIZED (
    SELECT environment_id, webhook_id, width_s, ${beginningOf('width_s', 'instant')} AS at, status, latency,
      count(*) AS n
    FROM fact GROUP BY 1, 2, 3, 4, 5, 6
  ),
  by_latency AS (
    SELECT environment_id, subject_id, width_s, at, latency, sum(n) AS attempts,
      coalesce(sum(n) FILTER (WHERE status = 'succeeded'), 0) AS succeeded,
      coalesce(sum(n) FILTER (WHERE status = 'failed'), 0) AS failed,
      coalesce(sum(n) FILTER (WHERE status = 'canceled'), 0) AS canceled
    FROM counted CROSS JOIN LATERAL (VALUES (webhook_id), (environment_id)) AS subject (subject_id)
    GROUP BY 1, 2, 3, 4, 5
  )
  INSERT INTO stats_bucket (environment_id, subject_id, width_s, at, moves_at, succeeded, failed, canceled, latencies,
    latency_counts)
  SELECT environment_id, subject_id, width_s, at, ${MOVES_AT}, sum(succeeded), sum(failed), sum(canceled),
    coalesce(array_agg(latency ORDER BY latency) FILTER (WHERE latency IS NOT NULL), '{}'),
    coalesce(array_agg(attempts ORDER BY latency) FILTER (WHERE latency IS NOT NULL), '{}')
  FROM by_latency GROUP BY 1, 2, 3, 4`;

/**
 * As a service would have counted: of each webhook and of each environment. A delivery and its last attempt count when
 * it was completed, other attempts when they were started.
 */
export async function fillStats(client: pg.Client): Promise<void> {
  await client.query('TRUNCATE stats_entry, stats_bucket');
  // Without these, ten million rows would go through temporary files to join attempts and deliveries.
  await client.query(`SET work_mem = '256MB'; SET enable_partitionwise_join = on`);
  await client.query(BUCKETS);
  await client.query('RESET work_mem; RESET enable_partitionwise_join');
}

import { TEST_EVENT_TYPE } from '../../webhooks/event-types.js';
import { latencyIntervalOf } from './latency-intervals.js';

const IS_COUNTED = `event_type <> '${TEST_EVENT_TYPE}'`;

/** SQL: what `enterStats` needs to know of a delivery in the log. */
export const ENTERED_COLUMNS = 'environment_id, webhook_id, event_type, status, duration_ms';

/**
 * SQL: enters into the statistics what has just been recorded, one row for each webhook. Tests are in none.
 *
 * @param source a query of the WITH that this is part of, with `ENTERED_COLUMNS`: a delivery that has ended, or one that has
 *   not, and the duration of the attempt that was made of it; NULL: none was.
 */
export function enterStats(source: string): string {
  return `
    INSERT INTO stats_entry (environment_id, webhook_id, at, succeeded, failed, canceled, latencies)
    SELECT environment_id, webhook_id, now(), ${countsOf('count(*)')},
      coalesce(array_agg(${latencyIntervalOf('duration_ms')}) FILTER (WHERE duration_ms IS NOT NULL), '{}')
    FROM ${source} WHERE ${IS_COUNTED} GROUP BY environment_id, webhook_id`;
}

/**
 * SQL: takes back that deliveries had ended. Their attempts stay counted: they were made. What ended before there were
 * statistics is in none, and taking it back would take away what ended since.
 *
 * @param source likewise, with the `completed_at` of each besides.
 */
export function withdrawStats(source: string): string {
  return `
    INSERT INTO stats_entry (environment_id, webhook_id, at, succeeded, failed, canceled, latencies)
    SELECT environment_id, webhook_id, completed_at, ${countsOf('-count(*)')}, '{}'
    FROM ${source} WHERE ${IS_COUNTED} AND completed_at >= (SELECT at FROM stats_beginning)
    GROUP BY environment_id, webhook_id, completed_at`;
}

function countsOf(count: string): string {
  return ['succeeded', 'failed', 'canceled'].map((status) => `${count} FILTER (WHERE status = '${status}')`).join(', ');
}

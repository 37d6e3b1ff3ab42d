import { TEST_EVENT_TYPE } from '../../webhooks/event-types.js';
import { latencyIntervalOf } from './latency-intervals.js';

const IS_COUNTED = `event_type <> '${TEST_EVENT_TYPE}'`;

export const ENTERED_COLUMNS = 'environment_id, webhook_id, event_type, status, duration_ms';

/**
 * SQL: enters what has just been recorded into the statistics, one row for each webhook, without tests.
 *
 * @param source a query of the same WITH, with the `ENTERED_COLUMNS` of deliveries that ended or were attempted;
 *   `duration_ms` is NULL without an attempt.
 */
export function enterStats(source: string): string {
  return `
    INSERT INTO stats_entry (environment_id, webhook_id, at, succeeded, failed, canceled, latencies)
    SELECT environment_id, webhook_id, now(), ${countsOf('count(*)')},
      coalesce(array_agg(${latencyIntervalOf('duration_ms')}) FILTER (WHERE duration_ms IS NOT NULL), '{}')
    FROM ${source} WHERE ${IS_COUNTED} GROUP BY environment_id, webhook_id`;
}

/**
 * SQL: takes back that deliveries had ended. Their attempts stay counted. What ended before there were statistics is in
 * none.
 *
 * @param source likewise, with `completed_at` too.
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

/** SQL: the columns that a delivery has in the log and in `queuedAs`. */
export const DELIVERY_COLUMNS = 'id, environment_id, event_id, webhook_id, event_type, created_at';

/** SQL: the columns of an attempt, in its own table and in the row of the delivery that ended with it. */
export const ATTEMPT_COLUMNS = `number, lease, started_at, duration_ms, outcome, error, request_url, request_headers,
  response_status, response_headers, response_body, response_body_truncated, dns_ms, connect_ms, tls_ms, first_byte_ms,
  stale_connection_ms`;

/** SQL: `DELIVERY_COLUMNS` and `attempt_count`, of the queue's row `alias`. */
export function queuedAs(alias: string): string {
  return `${alias}.delivery_id AS id, ${alias}.environment_id, ${alias}.event_id, ${alias}.webhook_id,
    ${alias}.event_type, ${alias}.created_at, ${alias}.attempt_count`;
}

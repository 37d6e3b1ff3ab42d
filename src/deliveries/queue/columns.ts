/** SQL: the columns that a delivery has in the log and in `queuedAs`. */
export const DELIVERY_COLUMNS = 'id, environment_id, event_id, webhook_id, event_type, created_at';

/** SQL: the columns of an attempt, in its own table and in the row of the delivery that ended with it. */
export const ATTEMPT_COLUMNS = `number, lease, started_at, duration_ms, outcome, error, request_url, request_headers,
  response_status, response_headers, response_body, response_body_truncated, dns_ms, connect_ms, tls_ms, first_byte_ms,
  stale_connection_ms`;

/**
 * SQL: whether the queue's row `alias` is one of those that `locked` names, a query of the same WITH with their
 * `delivery_id`. Not a join: while the planner takes the queue for empty, as it does when that was analyzed between two
 * bursts, a join reads the whole queue for each row.
 */
export function isOneOf(alias: string, locked: string, condition = 'true'): string {
  return `${alias}.delivery_id = ANY (ARRAY(SELECT delivery_id FROM ${locked} WHERE ${condition}))`;
}

/** SQL: `DELIVERY_COLUMNS` and `attempt_count`, of the queue's row `alias`. */
export function queuedAs(alias: string): string {
  return `${alias}.delivery_id AS id, ${alias}.environment_id, ${alias}.event_id, ${alias}.webhook_id,
    ${alias}.event_type, ${alias}.created_at, ${alias}.attempt_count`;
}

/**
 * SQL: deliveries with what holds them and until when, and when the next attempt is, if that is known. The order of
 * claim-deliveries.ts decides: what somebody asked for is held by nothing, and a first retry not by an endpoint that is
 * down. What is due and not held waits for its turn or for room.
 *
 * @param columns of the rows that are kept as they are.
 * @param rows a query with those and, of what is in the queue, `status` 'pending', `is_leased`, `is_forced`, `failures`
 *   and `due_at`.
 */
export function withHolds(columns: string, rows: string): string {
  return `
    SELECT ${columns}, hold.held_by,
      CASE WHEN hold.held_by = 'paused' THEN h.paused_until END AS held_until,
      CASE
        WHEN hold.held_by = 'paused' THEN h.paused_until
        WHEN NOT r.is_leased AND r.due_at > now() THEN r.due_at
      END AS next_attempt_at
    FROM (${rows}) r
    LEFT JOIN LATERAL (
      SELECT * FROM webhook_health h WHERE r.status = 'pending' AND h.webhook_id = r.webhook_id LIMIT 1
    ) h ON true
    CROSS JOIN LATERAL (
      SELECT CASE
        WHEN r.status <> 'pending' OR r.is_leased THEN NULL
        WHEN NOT r.is_forced AND h.paused_until > greatest(r.due_at, now()) THEN 'paused'
        WHEN r.due_at > now() THEN NULL
        WHEN r.is_forced THEN 'capacity'
        WHEN h.in_flight_limit = 0 AND r.failures <> 1 THEN 'down'
        WHEN h.in_flight_limit > 0 THEN 'recovering'
        ELSE 'capacity'
      END AS held_by
    ) hold`;
}

/**
 * SQL: deliveries with what holds them, until when, and when the next attempt is, if known. It follows
 * claim-deliveries.ts.
 *
 * @param columns of the rows that are kept.
 * @param rows a query with those and, for the queue, `status` 'pending', `is_leased`, `is_forced`, `failures`,
 *   `due_at`.
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

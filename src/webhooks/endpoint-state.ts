/** How an endpoint is doing, as the API tells it. */
export const ENDPOINT_STATES = ['healthy', 'failing', 'paused', 'down', 'recovering', 'inactive'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** SQL: the state by what attempts came to, of a row of `webhook_health` or of NULLs. */
export function stateByAttempts(health: string): string {
  return `CASE
    WHEN ${health}.in_flight_limit = 0 THEN 'down'
    WHEN ${health}.in_flight_limit > 0 THEN 'recovering'
    WHEN ${health}.consecutive_failures > 0 THEN 'failing'
    ELSE 'healthy'
  END`;
}

/** SQL: the state of a webhook and of the row of its health, or of NULLs. */
export function endpointState(webhook: string, health: string): string {
  return `CASE
    WHEN NOT ${webhook}.is_active THEN 'inactive'
    WHEN ${health}.paused_until > now() THEN 'paused'
    ELSE ${stateByAttempts(health)}
  END`;
}

export const ENDPOINT_STATES = ['healthy', 'failing', 'paused', 'down', 'recovering', 'inactive'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** SQL: the state by the attempts, from a row of `webhook_health` or from NULLs. */
export function stateByAttempts(health: string): string {
  return `CASE
    WHEN ${health}.in_flight_limit = 0 THEN 'down'
    WHEN ${health}.in_flight_limit > 0 THEN 'recovering'
    WHEN ${health}.consecutive_failures > 0 THEN 'failing'
    ELSE 'healthy'
  END`;
}

/** SQL: the state, from a webhook and its row of `webhook_health` or NULLs. */
export function endpointState(webhook: string, health: string): string {
  return `CASE
    WHEN NOT ${webhook}.is_active THEN 'inactive'
    WHEN ${health}.paused_until > now() THEN 'paused'
    ELSE ${stateByAttempts(health)}
  END`;
}

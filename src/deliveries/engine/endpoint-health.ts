/** An endpoint is down after this many failed attempts in a row … */
export const DOWN_AFTER_FAILURES = 20;
/** … when they span at least this long: a burst of parallel failures alone is no outage. */
export const DOWN_AFTER_MS = 60_000;
/** While an endpoint is down, one probe goes out this often; the rest waits. */
export const PROBE_INTERVAL_MS = 30_000;
/** Without one success for this long, and with failures on at least two of the days, a webhook is made inactive. */
export const FAILING_AFTER_DAYS = 5;
const FAILING_DAYS = 2;

export interface EndpointHealth {
  consecutiveFailures: number;
  failingSince: Date;
  /** Distinct UTC days of the last `FAILING_AFTER_DAYS` on which an attempt failed. */
  failureDays: number;
}

/** Whether the deliveries of this endpoint are held back and only probes go out. */
export function isDown(health: EndpointHealth, now: Date): boolean {
  return (
    health.consecutiveFailures >= DOWN_AFTER_FAILURES && now.getTime() - health.failingSince.getTime() >= DOWN_AFTER_MS
  );
}

/** Whether the endpoint has failed so long that its webhook is made inactive (`failing`). */
export function isGivenUp(health: EndpointHealth, now: Date): boolean {
  const failingMs = now.getTime() - health.failingSince.getTime();
  return failingMs >= FAILING_AFTER_DAYS * 24 * 60 * 60 * 1000 && health.failureDays >= FAILING_DAYS;
}

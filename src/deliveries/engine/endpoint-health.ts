/** An endpoint is down after this many failed attempts in a row … */
export const DOWN_AFTER_FAILURES = 20;
/** … when they span at least this long: a burst of parallel failures alone is no outage. */
export const DOWN_AFTER_MS = 60_000;
/** While an endpoint is down, one probe goes out this often; the rest waits. */
export const PROBE_INTERVAL_MS = 30_000;
/**
 * Before the first probe of an endpoint that failed while it recovered. Short, because it answered a moment ago: one
 * that fails now and then is not to wait half a minute each time.
 */
export const RELAPSE_PROBE_MS = 1_000;
/** Without one success for this long, and with failures on at least two of the days, a webhook is made inactive. */
export const FAILING_AFTER_DAYS = 5;
const FAILING_DAYS = 2;

/**
 * `healthy`: attempts go as to any. `down`: its deliveries are held back and probes go out one at a time. `recovering`:
 * a probe succeeded, and the attempts in flight grow by one for each success (slow start).
 */
export type EndpointState = 'healthy' | 'down' | 'recovering';

/**
 * @param inFlightLimit attempts that a replica may have in flight to the endpoint; null: as many as to any.
 */
export function endpointStateOf(inFlightLimit: number | null): EndpointState {
  if (inFlightLimit === null) return 'healthy';
  return inFlightLimit === 0 ? 'down' : 'recovering';
}

export interface EndpointHealth {
  consecutiveFailures: number;
  /** Since when no attempt has succeeded. */
  failingSince: Date;
  /** Distinct UTC days of the last `FAILING_AFTER_DAYS` on which an attempt failed. */
  failureDays: number;
}

/** Whether the endpoint has failed so long that its webhook is made inactive (`failing`). */
export function isGivenUp(health: EndpointHealth, now: Date): boolean {
  const failingMs = now.getTime() - health.failingSince.getTime();
  return failingMs >= FAILING_AFTER_DAYS * 24 * 60 * 60 * 1000 && health.failureDays >= FAILING_DAYS;
}

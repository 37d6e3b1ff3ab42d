/** An endpoint is down after this many failed attempts in a row … */
export const DOWN_AFTER_FAILURES = 20;
/** … if they span at least this long: a burst of parallel failures is no outage. */
export const DOWN_AFTER_MS = 60_000;
export const PROBE_INTERVAL_MS = 30_000;
/**
 * The wait before the first probe when an endpoint that recovered is down again. It is short, because the endpoint
 * answered a moment ago.
 */
export const RELAPSE_PROBE_MS = 1_000;
/** An answer within this time shows that the endpoint lives. */
const QUICK_MS = 1_000;
/**
 * How long slow failures must go on before a recovering endpoint is down again. Few attempts fail in that time, and the
 * endpoint may hang on some events but take the others.
 */
const HANGING_MS = 30_000;
/** Answers that say nothing of the event: the endpoint is overloaded, or a proxy cannot reach it. */
const NO_REFUSALS: readonly number[] = [429, 502, 503, 504];
/** A webhook is made inactive after this long without a success, with failures on at least two days. */
export const FAILING_AFTER_DAYS = 5;
const FAILING_DAYS = 2;

export type HealthState = 'healthy' | 'down' | 'recovering';

export function healthStateOf(inFlightLimit: number | null): HealthState {
  if (inFlightLimit === null) return 'healthy';
  return inFlightLimit === 0 ? 'down' : 'recovering';
}

/**
 * Whether a failed attempt was a refusal: the endpoint lives, and did not take this event. It may take others, so those
 * never tried are tried at once, one at a time.
 *
 * @param status null: there was no answer.
 */
export function isRefusal(status: number | null, durationMs: number): boolean {
  return status !== null && !NO_REFUSALS.includes(status) && durationMs < QUICK_MS;
}

/**
 * How long attempts to a recovering endpoint must have failed before one more takes it down, in milliseconds. Quick
 * failures take it down at once: thousands would fail in a minute.
 *
 * @param status null: there was no answer.
 */
export function relapseAfterMs(status: number | null, durationMs: number): number {
  if (isRefusal(status, durationMs)) return DOWN_AFTER_MS;
  return durationMs < QUICK_MS ? 0 : HANGING_MS;
}

export interface EndpointHealth {
  consecutiveFailures: number;
  failingSince: Date;
  /** Distinct UTC days of the last `FAILING_AFTER_DAYS` on which an attempt failed. */
  failureDays: number;
}

export function isGivenUp(health: EndpointHealth, now: Date): boolean {
  const failingMs = now.getTime() - health.failingSince.getTime();
  return failingMs >= FAILING_AFTER_DAYS * 24 * 60 * 60 * 1000 && health.failureDays >= FAILING_DAYS;
}

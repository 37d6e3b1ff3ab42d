/** An endpoint is down after this many failed attempts in a row … */
export const DOWN_AFTER_FAILURES = 20;
/** … when they span at least this long: a burst of parallel failures alone is no outage. */
export const DOWN_AFTER_MS = 60_000;
/** While an endpoint is down, one probe goes out this often; the rest waits. */
export const PROBE_INTERVAL_MS = 30_000;
/**
 * The wait before the first probe of an endpoint that recovered and is down again. It is short, because the endpoint answered a
 * moment ago: one that fails now and then must not wait half a minute each time.
 */
export const RELAPSE_PROBE_MS = 1_000;
/** An answer within this time says that the endpoint lives, whatever it says of the event. */
const QUICK_MS = 1_000;
/**
 * How long slow failures must go on until an endpoint that recovers is down again. Few attempts fail in that time, and the
 * endpoint may hang on some events while it takes the others.
 */
const HANGING_MS = 30_000;
/** Answers that say nothing of the event: the endpoint has too much to do, or a proxy cannot reach it. */
const NO_REFUSALS: readonly number[] = [429, 502, 503, 504];
/** Without one success for this long, and with failures on at least two of the days, a webhook is made inactive. */
export const FAILING_AFTER_DAYS = 5;
const FAILING_DAYS = 2;

/**
 * `healthy`: attempts go as to any. `down`: its deliveries are held back and probes go out one at a time. `recovering`:
 * a probe succeeded, and the attempts in flight grow by one for each success (slow start).
 */
export type HealthState = 'healthy' | 'down' | 'recovering';

/**
 * @param inFlightLimit attempts that a replica may have in flight to the endpoint; null: as many as to any.
 */
export function healthStateOf(inFlightLimit: number | null): HealthState {
  if (inFlightLimit === null) return 'healthy';
  return inFlightLimit === 0 ? 'down' : 'recovering';
}

/**
 * Whether a failed attempt was a refusal: the endpoint lives, and did not take this event. It may take others, so those
 * that were never tried are tried at once, one at a time.
 *
 * @param status null: there was no answer.
 */
export function isRefusal(status: number | null, durationMs: number): boolean {
  return status !== null && !NO_REFUSALS.includes(status) && durationMs < QUICK_MS;
}

/**
 * How long attempts to an endpoint that recovers must have failed until one more failure takes it down again, in milliseconds.
 * Quick failures take it down at once: thousands would fail in a minute.
 *
 * @param status null: there was no answer.
 */
export function relapseAfterMs(status: number | null, durationMs: number): number {
  if (isRefusal(status, durationMs)) return DOWN_AFTER_MS;
  return durationMs < QUICK_MS ? 0 : HANGING_MS;
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

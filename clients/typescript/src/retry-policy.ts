/** How a try failed. */
export type Failure =
  { kind: 'connection' | 'timeout' } | { kind: 'status'; status: number; retryAfterMs: number | undefined };

/** The wait before the first retry; it doubles with each. */
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 8_000;
/** What asks for a longer wait is thrown at once: the caller knows better what to do with a minute. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** Answers that say that nothing was done: the request came not whole, or was one too many. */
const NOT_DONE: readonly number[] = [408, 429];
/** A gateway, or the service as it stops or lacks its database: it may have been done before. */
const UNCLEAR: readonly number[] = [502, 503, 504];

/** Whether the request may have had its effect although it failed in a way that may pass. */
export function mayBeDone(failure: Failure): boolean {
  return failure.kind !== 'status' || UNCLEAR.includes(failure.status);
}

/**
 * How long to wait before a request is sent again; undefined when it is not.
 *
 * @param retries how often it was sent again before.
 * @param isRepeatable whether it has its effect once, however often it is sent.
 * @param random from 0 to 1: half of the backoff is drawn, so that clients that failed together do not return together.
 */
export function retryDelayMs(
  failure: Failure,
  { retries, maxRetries, isRepeatable }: { retries: number; maxRetries: number; isRepeatable: boolean },
  random: number,
): number | undefined {
  if (retries >= maxRetries) return undefined;
  const isNotDone = failure.kind === 'status' && NOT_DONE.includes(failure.status);
  if (!isNotDone && !(isRepeatable && mayBeDone(failure))) return undefined;

  const retryAfterMs = failure.kind === 'status' ? failure.retryAfterMs : undefined;
  if (retryAfterMs !== undefined) {
    return retryAfterMs > RETRY_AFTER_MAX_MS ? undefined : retryAfterMs + random * BACKOFF_MS;
  }
  return Math.min(BACKOFF_MS * 2 ** retries, BACKOFF_MAX_MS) * (0.5 + random / 2);
}

/**
 * The header `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3).
 *
 * @returns undefined when there is none, or when it is neither.
 */
export function parseRetryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^[0-9]+$/.test(value)) return Number(value) * 1_000;
  // Of the forms of a date only the one that is to be sent; Date.parse takes much that is none.
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

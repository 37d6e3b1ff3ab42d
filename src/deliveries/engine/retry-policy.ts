import { parseHttpDate } from './http-date.js';

export const RETRY_AFTER_LIMIT_MS = 24 * 60 * 60 * 1000;

/** Each wait varies by this share either way, so that deliveries which failed together come back apart. */
const JITTER = 0.2;

/**
 * The wait before the next attempt, or null when the schedule is spent.
 *
 * @param failures failed attempts since the schedule began, with the one just made: 1 or more.
 * @param random uniform in [0, 1).
 * @returns milliseconds, within ±20 % of the schedule's step.
 */
export function retryDelayMs(failures: number, scheduleMs: readonly number[], random: number): number | null {
  const step = scheduleMs[failures - 1];
  return step === undefined ? null : Math.round(step * (1 - JITTER + 2 * JITTER * random));
}

/**
 * The wait that `Retry-After` asks for (RFC 9110 §10.2.3: seconds or an HTTP date), at most 24 hours. Null for anything
 * else, and for a past time.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_LIMIT_MS);
  const at = parseHttpDate(text, nowMs);
  return at !== null && at > nowMs ? Math.min(at - nowMs, RETRY_AFTER_LIMIT_MS) : null;
}

import type { AttemptRecord, DeliveryResult, LeasedDelivery, SettledDelivery, Settlement } from '../delivery.types.js';
import { PROBE_INTERVAL_MS } from './endpoint-health.js';
import { retryAfterMs, retryDelayMs } from './retry-policy.js';

export interface JudgingOptions {
  retryScheduleMs: readonly number[];
  /** Unix milliseconds, against which a date in `Retry-After` is read. */
  nowMs: number;
  /** Uniform in [0, 1). */
  random: number;
}

export function judgeAttempt(
  delivery: LeasedDelivery,
  attempt: AttemptRecord,
  options: JudgingOptions,
): DeliveryResult {
  const status = attempt.response?.status;
  const askedMs =
    status === 429 || status === 503 ? retryAfterMs(attempt.response?.headers['retry-after'], options.nowMs) : null;
  return {
    delivery,
    attempt,
    settlement: settlementOf(delivery, attempt, askedMs, options),
    pauseWebhookMs: status === 429 ? askedMs : null,
  };
}

function settlementOf(
  delivery: LeasedDelivery,
  attempt: AttemptRecord,
  askedMs: number | null,
  { retryScheduleMs, random }: JudgingOptions,
): Settlement {
  if (attempt.outcome === 'succeeded') return { kind: 'succeeded' };
  if (delivery.isTest || !delivery.event) return { kind: 'failed' };
  // A probe speaks for all that waits: it spends nothing of this delivery's schedule. The delivery goes behind the
  // others that are due.
  const scheduledMs = delivery.isProbe
    ? PROBE_INTERVAL_MS
    : retryDelayMs(delivery.failures + 1, retryScheduleMs, random);
  return scheduledMs === null ? { kind: 'failed' } : { kind: 'waiting', inMs: Math.max(scheduledMs, askedMs ?? 0) };
}

export function unattempted(delivery: SettledDelivery, settlement: Settlement): DeliveryResult {
  return { delivery, attempt: null, settlement, pauseWebhookMs: null };
}

import type { DeliveryResult } from '../delivery.types.js';
import type { FailureTally } from '../queue/record-health.js';

/**
 * What a batch of results, oldest first, adds to the health of the webhooks that failed in it. A success in the batch
 * wipes out the failures before it, but not a pause that the receiver asked for. Failed tests do not count: they say
 * what somebody tried, not how the endpoint fares.
 */
export function tallyFailures(results: readonly DeliveryResult[]): FailureTally[] {
  const tallies = new Map<string, FailureTally>();
  for (const { delivery, attempt, pauseWebhookMs } of results) {
    if (!attempt || delivery.isTest) continue;
    const { webhookId } = delivery.target;
    const tally = tallies.get(webhookId) ?? { webhookId, failures: 0, pauseMs: null };
    tally.failures = attempt.outcome === 'succeeded' ? 0 : tally.failures + 1;
    if (pauseWebhookMs !== null) tally.pauseMs = Math.max(tally.pauseMs ?? 0, pauseWebhookMs);
    tallies.set(webhookId, tally);
  }
  const telling = [...tallies.values()].filter(({ failures, pauseMs }) => failures > 0 || pauseMs !== null);
  return telling.sort((a, b) => (a.webhookId < b.webhookId ? -1 : 1));
}

import type { DeliveryResult } from '../delivery.types.js';
import type { OutcomeTally } from '../queue/record-health.js';

/**
 * What a batch of results, oldest first, says of the health of webhooks. A success in the batch wipes out the failures
 * before it, but not a pause that the receiver asked for. Failed tests do not count: they say what somebody tried, not
 * how the endpoint fares.
 *
 * @param ailing webhooks of which a health is known. Of the others a success has nothing to change.
 * @returns in the order of their ids.
 */
export function tallyOutcomes(results: readonly DeliveryResult[], ailing: ReadonlySet<string>): OutcomeTally[] {
  const tallies = new Map<string, OutcomeTally>();
  for (const { delivery, attempt, pauseWebhookMs } of results) {
    if (!attempt || (delivery.isTest && attempt.outcome === 'failed')) continue;
    const { webhookId } = delivery.target;
    const tally = tallies.get(webhookId) ?? { webhookId, successes: 0, failures: 0, pauseMs: null };
    if (attempt.outcome === 'succeeded') {
      tally.successes += 1;
      tally.failures = 0;
    } else tally.failures += 1;
    if (pauseWebhookMs !== null) tally.pauseMs = Math.max(tally.pauseMs ?? 0, pauseWebhookMs);
    tallies.set(webhookId, tally);
  }
  const telling = [...tallies.values()].filter(
    ({ webhookId, failures, pauseMs }) => failures > 0 || pauseMs !== null || ailing.has(webhookId),
  );
  return telling.sort((a, b) => (a.webhookId < b.webhookId ? -1 : 1));
}

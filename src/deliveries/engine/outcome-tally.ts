import type { AttemptRecord, DeliveryResult, SettledDelivery } from '../delivery.types.js';
import type { LastFailure, OutcomeTally } from '../queue/record-health.js';
import { DOWN_AFTER_MS, isRefusal, relapseAfterMs } from './endpoint-health.js';

/**
 * What a batch of results, oldest first, says of the health of webhooks. A success wipes out the failures before it,
 * but ends a pause only if the delivery was sent in spite of the pause. Tests do not count. But a test that is taken
 * ends a pause, and brings the next probe forward.
 *
 * @param inTrouble webhooks in trouble: a success changes nothing for the others.
 * @returns in the order of their ids.
 */
export function tallyOutcomes(results: readonly DeliveryResult[], inTrouble: ReadonlySet<string>): OutcomeTally[] {
  const tallies = new Map<string, OutcomeTally>();
  for (const { delivery, attempt, pauseWebhookMs } of results) {
    if (!attempt || (delivery.isTest && attempt.outcome === 'failed')) continue;
    const { webhookId } = delivery.target;
    const tally = tallies.get(webhookId) ?? newTally(webhookId);
    tallies.set(webhookId, tally);
    if (attempt.outcome === 'succeeded') countSuccess(tally, delivery);
    else countFailure(tally, delivery, attempt, pauseWebhookMs);
  }
  const telling = [...tallies.values()].filter(
    ({ webhookId, failures, pauseMs }) => failures > 0 || pauseMs !== null || inTrouble.has(webhookId),
  );
  return telling.sort((a, b) => (a.webhookId < b.webhookId ? -1 : 1));
}

function newTally(webhookId: string): OutcomeTally {
  return {
    webhookId,
    successes: 0,
    failures: 0,
    isRefused: false,
    relapseAfterMs: DOWN_AFTER_MS,
    pauseMs: null,
    endsPause: false,
    hastensProbe: false,
    lastFailure: null,
  };
}

function countSuccess(tally: OutcomeTally, { isTest, isForced, isProbe }: SettledDelivery): void {
  if (isTest || isForced || isProbe) {
    tally.endsPause = true;
    tally.pauseMs = null;
  }
  if (isTest) {
    tally.hastensProbe = true;
    return;
  }
  tally.successes += 1;
  tally.failures = 0;
}

function countFailure(
  tally: OutcomeTally,
  { id }: SettledDelivery,
  attempt: AttemptRecord,
  pauseWebhookMs: number | null,
): void {
  const lastFailure: LastFailure = {
    at: attempt.startedAt,
    error: attempt.error,
    status: attempt.response?.status ?? null,
    deliveryId: id,
  };
  tally.failures += 1;
  tally.isRefused = isRefusal(lastFailure.status, attempt.durationMs);
  tally.relapseAfterMs = relapseAfterMs(lastFailure.status, attempt.durationMs);
  tally.lastFailure = lastFailure;
  if (pauseWebhookMs !== null) tally.pauseMs = Math.max(tally.pauseMs ?? 0, pauseWebhookMs);
}

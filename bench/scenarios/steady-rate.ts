import { type Context, onFreshSite, type Site } from '../context.js';
import { targetUrl } from '../helpers/target.js';
import type { Result } from '../report/result.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { addWebhooks } from './webhooks.js';

const EVENTS_PER_SECOND = 1_000;
const WEBHOOKS_PER_SECOND = 50;

/**
 * Scenario 3: events arrive at a steady rate, whether or not earlier ones are answered; then again while webhooks are
 * created.
 */
export function measureSteadyRate(context: Context): Promise<Result[]> {
  const { seconds, isQuick } = context.options;
  return onFreshSite(context, {}, async (site) => {
    const load: MeasuredLoad = {
      scenario: '3',
      streams: await addWebhooks(context, site),
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: EVENTS_PER_SECOND },
      seconds: seconds ?? (isQuick ? 5 : 60),
      warmUpSeconds: isQuick ? 2 : 5,
    };
    const alone = await measureLoad(context, site, load);
    await context.receiver.call('reset', null);
    const beside = (): Promise<Record<string, number>> => createWebhooks(context, site, load);
    const together = await measureLoad(context, site, { ...load, label: 'with POST /webhook at 50/s', beside });
    return [alone, together].map((result) => ({ ...result, deliveriesPerSecond: null }));
  });
}

const RATES = [50, 200, 500, 1_000, 2_000];

/** Single events at each of several rates, whether or not earlier ones are answered. */
export function measureRates(context: Context): Promise<Result[]> {
  const { seconds, isQuick } = context.options;
  return onFreshSite(context, {}, async (site) => {
    const streams = await addWebhooks(context, site);
    const results: Result[] = [];
    for (const perSecond of RATES) {
      const result = await measureLoad(context, site, {
        scenario: 'rates',
        label: `${perSecond}/s`,
        streams,
        eventsPerRequest: 1,
        arrivals: { kind: 'open', perSecond },
        seconds: seconds ?? (isQuick ? 3 : 20),
        warmUpSeconds: isQuick ? 1 : 3,
      });
      results.push({ ...result, deliveriesPerSecond: null });
      await context.receiver.call('reset', null);
    }
    return results;
  });
}

async function createWebhooks(
  { load, receiverPort }: Context,
  { installation }: Site,
  { streams, seconds }: MeasuredLoad,
): Promise<Record<string, number>> {
  const report = await load.call('createWebhooks', {
    port: installation.replicas[0]!.port,
    token: streams[0]!.token,
    targetUrl: targetUrl(receiverPort, 'ok', 0),
    perSecond: WEBHOOKS_PER_SECOND,
    seconds,
  });
  return {
    webhooksCreated: report.acceptedRequests,
    webhooksRefused: report.requests - report.acceptedRequests,
    createWebhookP50Ms: report.answerMs.p50,
    createWebhookP99Ms: report.answerMs.p99,
  };
}

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

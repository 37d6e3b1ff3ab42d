import { type Context, onFreshSite } from '../context.js';
import type { Result } from '../report/result.js';
import { measureLoad } from './measure-load.js';
import { addWebhook, WEBHOOKS } from './webhooks.js';

/** Of each webhook ten: so one that takes 5 s has 50 in flight, below IN_FLIGHT_PER_WEBHOOK. */
const EVENTS_PER_SECOND = 200;
const LATE = WEBHOOKS / 2;

/** What the other webhooks wait for when half of all take 5 s for each answer. */
export async function measureLate(context: Context): Promise<Result[]> {
  const alone = await measure(context, 0);
  const beside = await measure(context, LATE);
  const ratio = (percentile: 'p50' | 'p99'): number => beside.receiptMs![percentile] / alone.receiptMs![percentile];
  return [alone, { ...beside, figures: { p50Ratio: ratio('p50'), p99Ratio: ratio('p99') } }];
}

function measure(context: Context, late: number): Promise<Result> {
  const { seconds, isQuick } = context.options;
  return onFreshSite(context, {}, async (site) => {
    const tenant = await site.installation.createTenant();
    const streams = [];
    for (let index = 0; index < WEBHOOKS; index += 1) {
      const isLate = index < late;
      const stream = await addWebhook(context, site, tenant, index, isLate ? 'late' : 'ok');
      streams.push({ ...stream, fanOut: isLate ? 0 : 1 });
    }
    const result = await measureLoad(context, site, {
      scenario: 'late',
      label: late === 0 ? 'none is late' : 'half of the webhooks take 5 s',
      streams,
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: EVENTS_PER_SECOND },
      seconds: seconds ?? (isQuick ? 6 : 30),
      warmUpSeconds: isQuick ? 2 : 10,
      measuredWebhooks: { from: LATE, to: WEBHOOKS },
      leavesWork: late > 0,
    });
    return { ...result, deliveriesPerSecond: null };
  });
}

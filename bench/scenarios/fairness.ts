import { type Context, onFreshSite, type Site } from '../context.js';
import type { Stream } from '../helpers/request-source.js';
import type { Behaviour } from '../helpers/target.js';
import type { Result } from '../report/result.js';
import { measureLoad } from './measure-load.js';
import { addWebhook, WEBHOOKS } from './webhooks.js';

const EVENTS_PER_SECOND = 400;

/** Webhooks with trouble have lower indexes. From this one on all are healthy and are compared. */
const FIRST_HEALTHY = 7;

/** Of the first tenant. */
const HEAVY = 0;
const RESETTING = 1;
const SLOW = 2;
/** Four webhooks of a second tenant. */
const OTHER_TENANT = { from: 3, to: 7 };

interface Trouble {
  label: string;
  /** Webhooks that do not answer at once. */
  behaviours: ReadonlyMap<number, Behaviour>;
  /** These get half of the events. */
  heavy: 'one webhook' | 'other tenant';
}

const HANGING_TENANT = new Map<number, Behaviour>();
for (let index = OTHER_TENANT.from; index < OTHER_TENANT.to; index += 1) HANGING_TENANT.set(index, 'hang');

const QUIET: Trouble = { label: 'no trouble', behaviours: new Map(), heavy: 'one webhook' };
const TROUBLES: Trouble[] = [
  { label: 'one hangs', behaviours: new Map([[HEAVY, 'hang']]), heavy: 'one webhook' },
  { label: 'one resets', behaviours: new Map([[RESETTING, 'reset']]), heavy: 'one webhook' },
  { label: 'one is slow', behaviours: new Map([[SLOW, 'slow']]), heavy: 'one webhook' },
  {
    label: 'all three',
    behaviours: new Map([
      [HEAVY, 'hang'],
      [RESETTING, 'reset'],
      [SLOW, 'slow'],
    ]),
    heavy: 'one webhook',
  },
];
const QUIET_TENANT: Trouble = { label: 'no trouble, tenant busy', behaviours: new Map(), heavy: 'other tenant' };
const TENANT_TROUBLE: Trouble = { label: 'four of a tenant hang', behaviours: HANGING_TENANT, heavy: 'other tenant' };

/** Latencies of healthy webhooks while others have trouble, relative to the same events without trouble. */
export async function measureFairness(context: Context): Promise<Result[]> {
  return [...(await compare(context, QUIET, TROUBLES)), ...(await compare(context, QUIET_TENANT, [TENANT_TROUBLE]))];
}

async function compare(context: Context, quiet: Trouble, troubles: Trouble[]): Promise<Result[]> {
  const baseline = await measure(context, quiet);
  const results = [baseline];
  for (const trouble of troubles) {
    const result = await measure(context, trouble);
    const ratio = (percentile: 'p50' | 'p95' | 'p99'): number =>
      result.receiptMs![percentile] / baseline.receiptMs![percentile];
    const figures = { p50Ratio: ratio('p50'), p95Ratio: ratio('p95'), p99Ratio: ratio('p99') };
    results.push({ ...result, figures });
  }
  return results;
}

function measure(context: Context, trouble: Trouble): Promise<Result> {
  const { seconds, isQuick } = context.options;
  return onFreshSite(context, {}, async (site) => {
    const streams = await addStreams(context, site, trouble);
    await context.receiver.call('reset', null);
    const result = await measureLoad(context, site, {
      scenario: 'fairness',
      label: trouble.label,
      streams,
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: EVENTS_PER_SECOND },
      // Longer than an attempt's deadline, so that hanging endpoints reach their limit and their first retries; shorter
      // than the minute after which an endpoint counts as down and gets nothing.
      seconds: seconds ?? (isQuick ? 5 : 30),
      warmUpSeconds: isQuick ? 1 : 5,
      measuredWebhooks: { from: FIRST_HEALTHY, to: WEBHOOKS },
      leavesWork: trouble.behaviours.size > 0,
    });
    return { ...result, deliveriesPerSecond: null };
  });
}

/** The healthy ones share the half that the heavy ones leave; all others get as much as a healthy one. */
async function addStreams(context: Context, site: Site, trouble: Trouble): Promise<Stream[]> {
  const first = await site.installation.createTenant();
  const second = await site.installation.createTenant();
  const streams: Stream[] = [];
  for (let index = 0; index < WEBHOOKS; index += 1) {
    const isOther = index >= OTHER_TENANT.from && index < OTHER_TENANT.to;
    const behaviour = trouble.behaviours.get(index) ?? 'ok';
    const stream = await addWebhook(context, site, isOther ? second : first, index, behaviour);
    const fanOut = behaviour === 'ok' ? 1 : 0;
    streams.push({ ...stream, fanOut, weight: weightOf(index, isOther, trouble.heavy) });
  }
  return streams;
}

function weightOf(index: number, isOther: boolean, heavy: Trouble['heavy']): number {
  const others = OTHER_TENANT.to - OTHER_TENANT.from;
  // Weights are in quarters of a healthy webhook's, so that four can share half.
  if (heavy === 'one webhook') return index === HEAVY ? 4 * (WEBHOOKS - 1) : 4;
  return isOther ? WEBHOOKS - others : 4;
}

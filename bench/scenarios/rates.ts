import { type Context, onFreshSite, type Site } from '../context.js';
import type { BareLoopProcedures } from '../helpers/bare-loop-process.js';
import type { HelperProcess } from '../helpers/helper-process.js';
import { measureCommits } from '../measures/commits.js';
import type { Distribution } from '../measures/samples.js';
import type { Result } from '../report/result.js';
import { startHelper } from '../start-helper.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { addWebhooks } from './webhooks.js';

const RATES = [50, 200, 500, 1_000, 2_000];

/** The bare loop's compiler is warm after this; a service is not helped by a slow yardstick. */
const BARE_WARM_UP = { concurrency: 64, seconds: 2 };

/**
 * Single events at each of several rates, whether or not earlier ones are answered. Then, at the same rate, what cannot be
 * saved: a bare request, and a commit.
 */
export async function measureRates(context: Context): Promise<Result[]> {
  const { workspace, receiver, receiverPort: port } = context;
  const bareLoop = startHelper<BareLoopProcedures>(workspace, 'bare-loop');
  try {
    await bareLoop.call('run', { port, ...BARE_WARM_UP });
    await receiver.call('reset', null);
    return await onFreshSite(context, {}, (site) => measureEach(context, site, bareLoop));
  } finally {
    await bareLoop.stop();
  }
}

async function measureEach(
  context: Context,
  site: Site,
  bareLoop: HelperProcess<BareLoopProcedures>,
): Promise<Result[]> {
  const { receiver, options } = context;
  const streams = await addWebhooks(context, site);
  const results: Result[] = [];
  for (const perSecond of RATES) {
    const times = {
      seconds: options.seconds ?? (options.isQuick ? 3 : 20),
      warmUpSeconds: options.isQuick ? 1 : 3,
    };
    const load: MeasuredLoad = {
      scenario: 'rates',
      label: `${perSecond}/s`,
      streams,
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond },
      ...times,
    };
    const result = await measureLoad(context, site, load);
    await receiver.call('reset', null);
    const bare = await measureBareRequests(context, bareLoop, { perSecond, ...times });
    await receiver.call('reset', null);
    const commitMs = await measureCommits(site.installation.storage, { perSecond, ...times });
    const figures = figuresOf(result.receiptMs!, bare, commitMs);
    results.push({ ...result, deliveriesPerSecond: null, figures });
  }
  return results;
}

interface Bare {
  receiptMs: Distribution;
  /** From the planned instant until the request was begun. */
  lateMs: Distribution;
}

async function measureBareRequests(
  { receiver, receiverPort: port }: Context,
  bareLoop: HelperProcess<BareLoopProcedures>,
  pace: { perSecond: number; warmUpSeconds: number; seconds: number },
): Promise<Bare> {
  const lateMs = await bareLoop.call('runInTime', { port, ...pace });
  const { latencyMs } = await receiver.call('report', { from: 0, to: Infinity });
  if (latencyMs.count !== lateMs.count) {
    throw new Error(`${latencyMs.count} of ${lateMs.count} bare requests were received`);
  }
  return { receiptMs: latencyMs, lateMs };
}

function figuresOf(receiptMs: Distribution, bare: Bare, commitMs: Distribution): Record<string, number> {
  return {
    bareP50Ms: bare.receiptMs.p50,
    bareP99Ms: bare.receiptMs.p99,
    bareLateP50Ms: bare.lateMs.p50,
    p50ToBare: receiptMs.p50 / bare.receiptMs.p50,
    p99ToBare: receiptMs.p99 / bare.receiptMs.p99,
    commitP50Ms: commitMs.p50,
    commitP99Ms: commitMs.p99,
  };
}

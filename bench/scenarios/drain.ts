import { setTimeout as delay } from 'node:timers/promises';
import { type Context, newInstallation, onSite, type Site } from '../context.js';
import type { HelperProcess } from '../helpers/helper-process.js';
import type { ReceiverProcedures } from '../helpers/receiver-process.js';
import { monotonicMs } from '../measures/clock.js';
import type { Result } from '../report/result.js';
import { fillBacklog } from '../service/fill.js';
import type { Installation, Tenant } from '../service/installation.js';
import { BEHIND_THE_SERVICE, startHelper } from '../start-helper.js';
import { addBacklogWebhooks, aloneOn, WEBHOOKS } from './backlog-webhooks.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { addWebhook } from './webhooks.js';

const NEW_PER_SECOND = 200;
/** Of the webhook that gets new events; those with a backlog come before it. */
const NEW = WEBHOOKS;

/** To fill the embedded engine takes several times as long. */
const BACKLOG = { server: 2_000_000, embedded: 200_000 };
const BACKLOG_QUICK = 60_000;
const DRAIN_DEADLINE_MS = 3_600_000;
const POLL_MS = 200;

/** One environment's backlog is drained: are another's new events slowed down? */
export async function measureDrain(context: Context): Promise<Result[]> {
  const { workspace, receiverName, options, engine } = context;
  const receiver = startHelper<ReceiverProcedures>(workspace, 'receiver', BEHIND_THE_SERVICE);
  const installation = await newInstallation(context);
  try {
    await receiver.call('answerAs', receiverName);
    const count = options.backlog ?? (options.isQuick ? BACKLOG_QUICK : BACKLOG[engine.name]);
    const port = await receiver.call('listen', null);
    return await measure(context, installation, { receiver, port, count });
  } finally {
    await Promise.all([receiver.stop(), installation.remove()]);
  }
}

interface Backlog {
  /** Its own: the other one measures new events alone. */
  receiver: HelperProcess<ReceiverProcedures>;
  port: number;
  count: number;
}

async function measure(context: Context, installation: Installation, backlog: Backlog): Promise<Result[]> {
  const { isQuick, seconds } = context.options;
  await installation.start();
  const { owner, load, alone } = await onSite(installation, async (site) => {
    const tenant = await site.installation.createTenant();
    const loadOfNew: MeasuredLoad = {
      scenario: 'drain',
      label: 'new events alone',
      streams: [await addWebhook(context, site, tenant, NEW)],
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: NEW_PER_SECOND },
      seconds: seconds ?? (isQuick ? 3 : 30),
      warmUpSeconds: isQuick ? 1 : 5,
    };
    return {
      owner: await addBacklogWebhooks({ ...context, receiverPort: backlog.port }, site),
      load: loadOfNew,
      alone: await measureLoad(context, site, loadOfNew),
    };
  });
  await installation.stop();
  await aloneOn(installation.storage, (client) =>
    // Evenly: a webhook that has much more than the others is alone at the end, and does not fill the service.
    fillBacklog(client, backlog.count, WEBHOOKS, WEBHOOKS),
  );
  await context.receiver.call('reset', null);
  await installation.start();
  const beside = await onSite(installation, (site) => measureBeside(context, site, { load, backlog, owner }));
  const ratio = (percentile: 'p50' | 'p99'): number => beside.receiptMs![percentile] / alone.receiptMs![percentile];
  const figures = { ...beside.figures, p50Ratio: ratio('p50'), p99Ratio: ratio('p99') };
  return [alone, { ...beside, figures }].map((result) => ({ ...result, deliveriesPerSecond: null }));
}

/** New events until the backlog is empty. It is worked on from the start of the service, the load's warm-up included. */
async function measureBeside(
  context: Context,
  site: Site,
  { load, backlog, owner }: { load: MeasuredLoad; backlog: Backlog; owner: Tenant },
): Promise<Result> {
  const startMs = monotonicMs();
  const result = await measureLoad(context, site, {
    ...load,
    label: `beside ${backlog.count.toLocaleString('en')} due`,
    seconds: DRAIN_DEADLINE_MS / 1_000,
    // The warm-up must not wait for the backlog.
    leavesWork: true,
    beside: async () => {
      const receivedBefore = await backlog.receiver.call('count', null);
      await untilDrained(backlog, site, owner, startMs);
      const drainSeconds = (monotonicMs() - startMs) / 1_000;
      await context.load.call('stopPublishing', null);
      return {
        drainSeconds,
        drainedPerSecond: backlog.count / drainSeconds,
        drainedBesideShare: 1 - receivedBefore / backlog.count,
      };
    },
  });
  const { distinct, duplicates } = await backlog.receiver.call('report', { from: 0, to: 0 });
  return {
    ...result,
    lost: result.lost + backlog.count - distinct,
    duplicates: result.duplicates + duplicates,
    // They are of both, and would be told for each new event.
    cpuMicros: { tidings: null, postgres: null, receiver: null, load: null },
    walBytesPerDelivery: null,
    // The backlog's receiver is among them.
    othersCpuShare: null,
  };
}

/** The table is asked when the receiver gets nothing more: to look for the last rows of a long queue takes the service's time. */
async function untilDrained(
  { receiver, count }: Backlog,
  { client }: Site,
  { environmentId }: Tenant,
  startMs: number,
): Promise<void> {
  let seen = 0;
  const isDrained = async (): Promise<boolean> => {
    const received = await receiver.call('count', null);
    const isQuiet = received === seen;
    seen = received;
    if (received < count && !isQuiet) return false;
    const left = await client.query('SELECT FROM delivery_queue WHERE environment_id = $1 LIMIT 1', [environmentId]);
    return left.rows.length === 0;
  };
  while (!(await isDrained())) {
    if (monotonicMs() - startMs > DRAIN_DEADLINE_MS) throw new Error('the backlog was not drained within an hour');
    await delay(POLL_MS);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/support/wait.js';
import type { Context, Site } from '../context.js';
import type { EventLoad } from '../helpers/load-process.js';
import type { LoadReport } from '../helpers/load-run.js';
import { monotonicMs } from '../measures/clock.js';
import { countSucceeded, untilQueueIsEmpty } from '../measures/database-figures.js';
import { Meter } from '../measures/meter.js';
import type { ScenarioName } from '../options.js';
import type { Result } from '../report/result.js';

/** How long a backlog that the load left may take. */
const DRAIN_DEADLINE_MS = 300_000;
/**
 * A receiver that gets nothing for so long gets nothing more: what is missing is lost, or waits for a retry. Longer than
 * an attempt may take, because endpoints that hang can hold up the others for that long.
 */
const SILENCE_MS = 20_000;
const POLL_MS = 10;

export interface MeasuredLoad extends Omit<EventLoad, 'ports'> {
  scenario: ScenarioName;
  label?: string;
  warmUpSeconds: number;
  /** Done while the load lasts; what it resolves with is told beside the load's own figures. */
  beside?: () => Promise<Record<string, number>>;
  /** Some webhooks never answer: the queue does not become empty, and nobody waits for that. Default false. */
  leavesWork?: boolean;
  /** Whose latencies are told, by index, `to` excluded. Default: all. */
  measuredWebhooks?: { from: number; to: number };
}

/** Publishes for a while to warm the service up, then measures the load until every delivery of it is recorded. */
export async function measureLoad(context: Context, site: Site, load: MeasuredLoad): Promise<Result> {
  await warmUp(context, site, load);
  const { receiver, load: generator } = context;
  const succeededBefore = await countSucceeded(site.client);
  const meter = await Meter.start(site.client, site.installation, { receiver: receiver.pid, load: generator.pid });
  const [published, figures] = await Promise.all([publish(context, site, load, load.seconds), load.beside?.() ?? {}]);
  const owed = published.owedDeliveries;
  await untilDelivered(context, site, owed, load);
  const endMs = monotonicMs();

  const usage = await meter.stop();
  const receipts = await receiver.call('report', load.measuredWebhooks ?? { from: 0, to: Infinity });
  const succeeded = (await countSucceeded(site.client)) - succeededBefore;
  const per = (value: number | null): number | null => value && value / owed;
  return {
    scenario: load.scenario,
    engine: context.engine.name,
    label: load.label ?? '',
    deliveries: owed,
    deliveriesPerSecond: (owed * 1000) / (endMs - published.firstSentAtMs),
    acceptedPerSecond: acceptedPerSecond(published),
    answerMs: published.answerMs,
    receiptMs: receipts.latencyMs,
    lost: owed - receipts.distinct,
    duplicates: receipts.duplicates,
    unrecorded: load.leavesWork ? null : owed - succeeded,
    cpuMicros: {
      tidings: per(usage.tidingsCpuMicros),
      postgres: per(usage.postgresCpuMicros),
      receiver: per(usage.receiverCpuMicros),
      load: per(usage.loadCpuMicros),
    },
    walBytesPerDelivery: per(usage.walBytes),
    peakMemoryMb: usage.peakMemoryMb,
    othersCpuShare: usage.othersCpuShare,
    figures,
    notes: refusalsOf(published),
  };
}

/** What the compiler and the caches of both sides need to have seen before figures mean something. */
async function warmUp(context: Context, site: Site, load: MeasuredLoad): Promise<void> {
  const { owedDeliveries } = await publish(context, site, load, load.warmUpSeconds);
  await untilDelivered(context, site, owedDeliveries, load);
  await context.receiver.call('reset', null);
}

/** Publishes to all replicas alike. */
async function publish(
  { load: generator }: Context,
  { installation }: Site,
  { streams, eventsPerRequest, arrivals }: MeasuredLoad,
  seconds: number,
): Promise<LoadReport> {
  const ports = installation.replicas.map(({ port }) => port);
  return generator.call('publish', { ports, streams, eventsPerRequest, arrivals, seconds });
}

/** The receiver is asked while it gets something, because asking it costs the service nothing; then the queue. */
async function untilDelivered(
  { receiver }: Context,
  { client }: Site,
  owed: number,
  { leavesWork = false }: MeasuredLoad,
): Promise<void> {
  let seen = -1;
  let changedAtMs = monotonicMs();
  await until(
    'the deliveries',
    async () => {
      const count = await receiver.call('count', null);
      if (count !== seen) changedAtMs = monotonicMs();
      seen = count;
      if (count >= owed || monotonicMs() - changedAtMs > SILENCE_MS) return true;
      await delay(POLL_MS);
      return false;
    },
    DRAIN_DEADLINE_MS,
  );
  if (!leavesWork) await untilQueueIsEmpty(client, DRAIN_DEADLINE_MS);
}

function acceptedPerSecond({ acceptedEvents, firstSentAtMs, lastAnsweredAtMs }: LoadReport): number {
  return (acceptedEvents * 1000) / (lastAnsweredAtMs - firstSentAtMs);
}

function refusalsOf({ requests, acceptedRequests, firstRefusal }: LoadReport): string[] {
  return firstRefusal === null ? [] : [`${requests - acceptedRequests} requests refused: ${firstRefusal}`];
}

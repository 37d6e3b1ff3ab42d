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
/** A receiver that gets nothing for so long gets nothing more: what is missing is lost, or waits for a retry. */
const SILENCE_MS = 10_000;
const POLL_MS = 10;

export interface MeasuredLoad extends Omit<EventLoad, 'ports'> {
  scenario: ScenarioName;
  label?: string;
  warmUpSeconds: number;
  /** Webhooks that every event matches. Default 1. */
  fanOut?: number;
}

/** Publishes for a while to warm the service up, then measures the load until every delivery of it is recorded. */
export async function measureLoad(context: Context, site: Site, load: MeasuredLoad): Promise<Result> {
  await warmUp(context, site, load);
  const { receiver, load: generator } = context;
  const fanOut = load.fanOut ?? 1;
  const succeededBefore = await countSucceeded(site.client);
  const meter = await Meter.start(site.client, site.installation, { receiver: receiver.pid, load: generator.pid });
  const published = await publish(context, site, load, load.seconds);
  const owed = published.acceptedEvents * fanOut;
  await untilDelivered(context, site, owed);
  const endMs = monotonicMs();

  const usage = await meter.stop();
  const receipts = await receiver.call('report', { from: 0, to: Infinity });
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
    unrecorded: owed - succeeded,
    cpuMicros: {
      tidings: per(usage.tidingsCpuMicros),
      postgres: per(usage.postgresCpuMicros),
      receiver: per(usage.receiverCpuMicros),
      load: per(usage.loadCpuMicros),
    },
    walBytesPerDelivery: per(usage.walBytes),
    peakMemoryMb: usage.peakMemoryMb,
    notes: refusalsOf(published),
  };
}

/** What the compiler and the caches of both sides need to have seen before figures mean something. */
async function warmUp(context: Context, site: Site, load: MeasuredLoad): Promise<void> {
  const { acceptedEvents } = await publish(context, site, load, load.warmUpSeconds);
  await untilDelivered(context, site, acceptedEvents * (load.fanOut ?? 1));
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
async function untilDelivered({ receiver }: Context, { client }: Site, owed: number): Promise<void> {
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
  await untilQueueIsEmpty(client, DRAIN_DEADLINE_MS);
}

function acceptedPerSecond({ acceptedEvents, firstSentAtMs, lastAnsweredAtMs }: LoadReport): number {
  return (acceptedEvents * 1000) / (lastAnsweredAtMs - firstSentAtMs);
}

function refusalsOf({ requests, acceptedRequests, firstRefusal }: LoadReport): string[] {
  return firstRefusal === null ? [] : [`${requests - acceptedRequests} requests refused: ${firstRefusal}`];
}

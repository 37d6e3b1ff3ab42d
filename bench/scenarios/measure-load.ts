import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/support/wait.js';
import type { Context, Site } from '../context.js';
import type { EventLoad } from '../helpers/event-load.js';
import type { LoadReport } from '../helpers/load-run.js';
import { monotonicMs } from '../measures/clock.js';
import { countSucceeded, untilQueueIsEmpty } from '../measures/database-figures.js';
import { Meter } from '../measures/meter.js';
import type { ScenarioName } from '../options.js';
import type { Result } from '../report/result.js';

/** For a backlog of the load. */
const DRAIN_DEADLINE_MS = 300_000;
/**
 * After this silence the receiver gets nothing more: the rest is lost, or waits for a retry. Longer than an attempt,
 * because endpoints that hang can hold up the others for that long.
 */
const SILENCE_MS = 20_000;
const POLL_MS = 10;

export interface MeasuredLoad extends Omit<EventLoad, 'ports'> {
  scenario: ScenarioName;
  label?: string;
  warmUpSeconds: number;
  /** Of the measured load; the warm-up is always the bench's own. Default: the bench's own. */
  generator?: 'wrk' | undefined;
  /** Runs during the load; its figures join those of the load. */
  beside?: () => Promise<Record<string, number>>;
  /** Some webhooks never answer, so the queue does not become empty. Default false. */
  leavesWork?: boolean;
  /** For latencies, by index, `to` excluded. Default: all. */
  measuredWebhooks?: { from: number; to: number };
}

/** Warms the service up, then measures the load until every delivery of it is recorded. */
export async function measureLoad(context: Context, site: Site, load: MeasuredLoad): Promise<Result> {
  await warmUp(context, site, load);
  const { receiver, load: generator } = context;
  const succeededBefore = await countSucceeded(site.client);
  const meter = await Meter.start(site.client, site.installation, { receiver: receiver.pid, load: generator.pid });
  const [published, figures] = await Promise.all([publish(context, site, load), load.beside?.() ?? {}]);
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
    receiver: context.receiverName,
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

/** Compiler and caches of both sides must be warm before figures mean something. */
async function warmUp(context: Context, site: Site, load: MeasuredLoad): Promise<void> {
  const { owedDeliveries } = await publish(context, site, {
    ...load,
    seconds: load.warmUpSeconds,
    generator: undefined,
  });
  await untilDelivered(context, site, owedDeliveries, load);
  await context.receiver.call('reset', null);
}

async function publish(
  { load: generator }: Context,
  { installation }: Site,
  { streams, eventsPerRequest, payloadBytes, arrivals, seconds, generator: name }: MeasuredLoad,
): Promise<LoadReport> {
  const ports = installation.replicas.map(({ port }) => port);
  return generator.call(name === 'wrk' ? 'publishByWrk' : 'publish', {
    ports,
    streams,
    eventsPerRequest,
    payloadBytes,
    arrivals,
    seconds,
  });
}

/** The receiver is asked first, because that costs the service nothing; then the queue. */
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

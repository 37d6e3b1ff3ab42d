import { setTimeout as delay } from 'node:timers/promises';
import { type Context, newInstallation, onSite, type Site } from '../context.js';
import { monotonicMs } from '../measures/clock.js';
import { countQueued, countSucceeded } from '../measures/database-figures.js';
import { Meter, type Usage } from '../measures/meter.js';
import type { Result } from '../report/result.js';
import { fillBacklog } from '../service/fill.js';
import { addBacklogWebhooks, aloneOn, WEBHOOKS } from './backlog-webhooks.js';
import { measureClaims } from './claim-rounds.js';
import { intakeTimes, measureBatchIntake } from './intake.js';

/** To fill the embedded engine takes several times as long. */
const BACKLOG = { server: 1_000_000, embedded: 200_000 };
const BACKLOG_QUICK = 20_000;
const POLL_MS = 100;

/** Scenario 5: deliveries that are due already, half of them one webhook's. */
export async function measureBacklog(context: Context): Promise<Result[]> {
  const { backlog, isQuick } = context.options;
  const count = backlog ?? (isQuick ? BACKLOG_QUICK : BACKLOG[context.engine.name]);
  const installation = await newInstallation(context);
  try {
    await installation.start();
    await onSite(installation, (site) => addBacklogWebhooks(context, site));
    await installation.stop();

    const figures = await aloneOn(installation.storage, async (client) => {
      await fillBacklog(client, count, WEBHOOKS);
      return measureClaims(client, WEBHOOKS);
    });

    await context.receiver.call('reset', null);
    await installation.start();
    const drained = await onSite(installation, (site) => measureDrain(context, site, count));
    await installation.stop();
    const succeeded = await aloneOn(installation.storage, countSucceeded);
    return [await resultOf(context, { count, drained, succeeded, figures })];
  } finally {
    await installation.remove();
  }
}

interface Drained {
  deliveries: number;
  elapsedMs: number;
  usage: Usage;
}

/** Until the backlog is empty or the time is over. */
async function measureDrain(context: Context, { client, installation }: Site, backlog: number): Promise<Drained> {
  const { receiver, load, options } = context;
  // As long as scenario 1 warms up.
  await delay(intakeTimes(options).warmUpSeconds * 1000);
  const meter = await Meter.start(client, installation, { receiver: receiver.pid, load: load.pid });
  const startMs = monotonicMs();
  const queuedBefore = await countQueued(client);
  const endMs = startMs + (options.seconds ?? (options.isQuick ? 5 : 60)) * 1000;
  while (monotonicMs() < endMs && (await receiver.call('count', null)) < backlog) await delay(POLL_MS);
  const elapsedMs = monotonicMs() - startMs;
  const queuedAfter = await countQueued(client);
  return { deliveries: queuedBefore - queuedAfter, elapsedMs, usage: await meter.stop() };
}

/** With all receipts until the service had stopped and recorded its attempts. */
async function resultOf(
  context: Context,
  {
    count,
    drained,
    succeeded,
    figures,
  }: {
    count: number;
    drained: Drained;
    succeeded: number;
    figures: Record<string, number>;
  },
): Promise<Result> {
  const receipts = await context.receiver.call('report', { from: 0, to: WEBHOOKS });
  const { deliveries, elapsedMs, usage } = drained;
  const per = (value: number | null): number | null => value && value / deliveries;
  const deliveriesPerSecond = (deliveries * 1000) / elapsedMs;
  return {
    scenario: '5',
    engine: context.engine.name,
    receiver: context.receiverName,
    label: `${count.toLocaleString('en')} due`,
    deliveries,
    deliveriesPerSecond,
    acceptedPerSecond: null,
    answerMs: null,
    receiptMs: null,
    lost: Math.max(0, succeeded - receipts.distinct),
    duplicates: receipts.duplicates,
    unrecorded: Math.max(0, receipts.distinct - succeeded),
    cpuMicros: {
      tidings: per(usage.tidingsCpuMicros),
      postgres: per(usage.postgresCpuMicros),
      receiver: per(usage.receiverCpuMicros),
      load: null,
    },
    walBytesPerDelivery: per(usage.walBytes),
    peakMemoryMb: usage.peakMemoryMb,
    othersCpuShare: usage.othersCpuShare,
    figures: {
      ...figures,
      deliveriesUntilAllWebhooksServed: receipts.receivedUntilAllWebhooks,
      ratioToScenario1: deliveriesPerSecond / (await intakeRate(context)),
    },
    notes: [],
  };
}

/** Of scenario 1 in the same run, or measured here. */
async function intakeRate(context: Context): Promise<number> {
  const isIntake = ({ scenario, engine }: Result): boolean => scenario === '1' && engine === context.engine.name;
  const intake = context.results.find(isIntake) ?? (await measureBatchIntake(context))[0]!;
  return intake.deliveriesPerSecond!;
}

import type pg from 'pg';
import { DAY_MS } from '../../src/database/partitions/day-partition.js';
import { type Context, newInstallation, onSite, type Site } from '../context.js';
import type { Stream } from '../helpers/request-source.js';
import { tableSizes } from '../measures/table-sizes.js';
import type { Cost } from '../report/cost.js';
import { emptyResult, type Result } from '../report/result.js';
import type { Storage } from '../service/engine.js';
import { makePartitions } from '../service/fill.js';
import { fillHistory, fillQueue, fillWaitingEvents } from '../service/fill-history.js';
import { fillStats } from '../service/fill-stats.js';
import { measureLoneClaims } from './claim-rounds.js';
import { intakeCosts, latencyCost } from './growth-costs.js';
import { diskCosts } from './growth-disk.js';
import { growthPlan, type GrowthPlan, RETAINED_DAYS } from './growth-plan.js';
import { measureReads } from './growth-reads.js';
import { addGrowthWebhooks } from './growth-webhooks.js';
import { BATCH_INTAKE, type IntakeShape, intakeTimes, SINGLE_INTAKE } from './intake.js';
import { measureLoad } from './measure-load.js';

const SIZES = [10_000, 1_000_000, 10_000_000];
const SIZES_QUICK = [2_000, 20_000];

/**
 * The costs of reading, claiming, intake and storage as more is stored. Each size has its own installation: more rows
 * in an existing one would leave indexes as no service has them.
 */
export async function measureGrowth(context: Context): Promise<Result[]> {
  const { engine, options } = context;
  // The embedded engine has one session and no parallel fill; it is for installations that stay small.
  if (engine.name !== 'server') return [];
  const results: Result[] = [];
  for (const size of options.sizes ?? (options.isQuick ? SIZES_QUICK : SIZES)) {
    results.push(...(await measureSize(context, size)));
  }
  return results;
}

async function measureSize(context: Context, size: number): Promise<Result[]> {
  const label = `${size.toLocaleString('en')} stored`;
  const installation = await newInstallation(context);
  try {
    await installation.start();
    const { tenant, streams, all } = await onSite(installation, (site) => addGrowthWebhooks(context, site));
    await installation.stop();
    const plan = growthPlan(size, all, Date.now());
    const startedAtMs = performance.now();
    await fill(context, installation.storage, plan);
    const filledSeconds = (performance.now() - startedAtMs) / 1000;
    console.error(`growth: ${label}, in ${Math.round(filledSeconds)} s`);
    const aloneCosts = await measureAlone(installation.storage, plan);

    await context.receiver.call('reset', null);
    await installation.start();
    const readCosts = await measureReads(context, installation, tenant, plan.ended);
    const publish = (shape: IntakeShape, what: string): Promise<Result> =>
      onSite(installation, (site) => measureIntake(context, site, { shape, streams, label: `${label}, ${what}` }));
    const batches = await publish(BATCH_INTAKE, 'batches of 100');
    const singles = await publish(SINGLE_INTAKE, 'single events');
    const costs = [
      ...readCosts,
      ...intakeCosts('POST /event/batch, 100 events, 8 at a time', batches),
      ...intakeCosts('POST /event, 64 at a time', singles),
      ...aloneCosts,
    ];
    return [lineOf(context, { label, size, costs, filledSeconds }), batches, singles];
  } finally {
    await installation.remove();
  }
}

/** While no service runs. */
async function fill(context: Context, storage: Storage, plan: GrowthPlan): Promise<void> {
  const { client, url, close } = await storage.connectAlone();
  try {
    await makePartitions(url, RETAINED_DAYS);
    await fillHistory(context.workspace, url, plan.ended);
    await fillWaitingEvents(client, plan.waiting);
    await fillStats(client);
    await client.query('VACUUM (ANALYZE)');
  } finally {
    await close();
  }
}

/** Measured by a client alone. The queue keeps deliveries that are due tomorrow: a service does not touch them. */
async function measureAlone(storage: Storage, plan: GrowthPlan): Promise<Cost[]> {
  const { client, close } = await storage.connectAlone();
  try {
    const disk = diskCosts(await tableSizes(client), plan);
    return [await measureClaim(client, plan), ...disk];
  } finally {
    await close();
  }
}

async function measureClaim(client: pg.Client, { waiting }: GrowthPlan): Promise<Cost> {
  await fillQueue(client, waiting, waiting.untilMs);
  const claimsMs = await measureLoneClaims(client);
  await fillQueue(client, waiting, waiting.untilMs + DAY_MS);
  return latencyCost('claim of 500 due deliveries', claimsMs);
}

/** The waiting deliveries are not the load's, and not due. */
async function measureIntake(
  context: Context,
  site: Site,
  { shape, streams, label }: { shape: IntakeShape; streams: readonly Stream[]; label: string },
): Promise<Result> {
  await context.receiver.call('reset', null);
  const load = { ...shape, ...intakeTimes(context.options), streams, leavesWork: true };
  const result = await measureLoad(context, site, load);
  return { ...result, scenario: 'growth', label };
}

function lineOf(
  { engine, receiverName }: Context,
  { label, size, costs, filledSeconds }: { label: string; size: number; costs: Cost[]; filledSeconds: number },
): Result {
  const line = emptyResult({ scenario: 'growth', engine: engine.name, receiver: receiverName, label });
  return { ...line, deliveries: size, figures: { filledSeconds }, costs };
}

import type { Context } from '../context.js';
import type { Cost, Goal } from '../report/cost.js';
import type { Installation, Tenant } from '../service/installation.js';
import type { HistoryPlan } from '../service/history.js';
import { growthPages, type Page } from './growth-pages.js';
import { latencyCost } from './growth-costs.js';

const REQUESTS = 200;
const REQUESTS_QUICK = 20;

const PAGE_GOAL: Goal = { most: 20, ratio: 2 };
const STATS_GOAL: Goal = { most: 50, ratio: null };

/** Over HTTP, with the data in memory if it fits there. */
export async function measureReads(
  context: Context,
  installation: Installation,
  tenant: Tenant,
  plan: HistoryPlan,
): Promise<Cost[]> {
  const costs: Cost[] = [];
  const pages = growthPages(plan, installation.cursors);
  await warmUp(context, installation, tenant, pages);
  for (const page of pages) costs.push(await measureRead(context, installation, tenant, page, PAGE_GOAL));
  for (const page of statsPages(plan)) {
    costs.push(await measureRead(context, installation, tenant, page, STATS_GOAL));
  }
  return costs;
}

/** Otherwise the first pages pay for the compiler and the caches of the service. */
async function warmUp(context: Context, { replicas }: Installation, { token }: Tenant, pages: Page[]): Promise<void> {
  const paths = pages.flatMap((page) => page.paths);
  await context.load.call('read', { port: replicas[0]!.port, token, paths, requests: paths.length });
}

function statsPages({ webhooks }: HistoryPlan): Page[] {
  const windows = ['1h', '24h', '7d', '30d'];
  return [
    ...windows.map((window) => ({
      name: `GET /webhook/{id}/stats, ${window}`,
      paths: [`/webhook/${webhooks[0]!.id}/stats?window=${window}`],
    })),
    ...windows.map((window) => ({ name: `GET /stats, ${window}`, paths: [`/stats?window=${window}`] })),
  ];
}

async function measureRead(
  { load, options }: Context,
  { replicas }: Installation,
  { token }: Tenant,
  { name, paths }: Page,
  goal: Goal,
): Promise<Cost> {
  const requests = options.isQuick ? REQUESTS_QUICK : REQUESTS;
  return latencyCost(name, await load.call('read', { port: replicas[0]!.port, token, paths, requests }), goal);
}

import { type Context, onFreshSite } from '../context.js';
import type { Result } from '../report/result.js';
import { BATCH_INTAKE, intakeTimes, SINGLE_INTAKE } from './intake.js';
import { measureLoad } from './measure-load.js';
import { addWebhooks } from './webhooks.js';

const REPLICAS_MAX = 3;

/** Scenario 7: scenarios 1 and 2 with one, two and three processes on one database. */
export async function measureReplicas(context: Context): Promise<Result[]> {
  const results: Result[] = [];
  // The embedded engine admits one process.
  const most = context.engine.name === 'server' ? REPLICAS_MAX : 0;
  for (let replicas = 1; replicas <= most; replicas += 1) {
    for (const shape of [BATCH_INTAKE, SINGLE_INTAKE]) {
      const result = await onFreshSite(context, { replicas }, async (site) => {
        const streams = await addWebhooks(context, site);
        return measureLoad(context, site, { ...shape, ...intakeTimes(context.options), streams });
      });
      const label = `as scenario ${shape.scenario}, ${replicas} replica${replicas > 1 ? 's' : ''}`;
      results.push({ ...result, scenario: '7', label });
      await context.receiver.call('reset', null);
    }
  }
  return results;
}

import { type Context, onFreshSite } from '../context.js';
import { isWrkInstalled } from '../helpers/wrk-run.js';
import { countEvents } from '../measures/database-figures.js';
import type { Result } from '../report/result.js';
import { intakeTimes, SINGLE_INTAKE } from './intake.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { addWebhooks } from './webhooks.js';

/** Scenario 2 by the bench's own generator, then by one that others wrote: do they find the same? */
export function measureByWrk(context: Context): Promise<Result[]> {
  if (!isWrkInstalled()) throw new Error('wrk is not installed: apt-get install wrk');
  return onFreshSite(context, {}, async (site) => {
    const load: MeasuredLoad = {
      ...SINGLE_INTAKE,
      ...intakeTimes(context.options),
      scenario: 'wrk',
      label: "by the bench's generator",
      streams: await addWebhooks(context, site),
    };
    const own = await measureLoad(context, site, load);
    const storedBefore = await countEvents(site.client);
    const byWrk = await measureLoad(context, site, { ...load, label: 'by wrk', generator: 'wrk', warmUpSeconds: 0 });
    const unanswered = (await countEvents(site.client)) - storedBefore - byWrk.deliveries;
    return [own, { ...comparable(byWrk, unanswered), figures: figuresOf(own, byWrk, unanswered) }];
  });
}

/** What was accepted when wrk had gone was delivered and recorded, too. Its events tell no instant. */
function comparable(byWrk: Result, unanswered: number): Result {
  return {
    ...byWrk,
    receiptMs: null,
    lost: byWrk.lost + unanswered,
    unrecorded: byWrk.unrecorded! + unanswered,
  };
}

function figuresOf(own: Result, byWrk: Result, unanswered: number): Record<string, number> {
  return {
    acceptedToOwn: byWrk.acceptedPerSecond! / own.acceptedPerSecond!,
    deliveredToOwn: byWrk.deliveriesPerSecond! / own.deliveriesPerSecond!,
    unanswered,
  };
}

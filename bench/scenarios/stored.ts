import { type Context, newInstallation, onSite } from '../context.js';
import type { Result } from '../report/result.js';
import { fillFinished, makePartitions } from '../service/fill.js';
import { BATCH_INTAKE, intakeTimes } from './intake.js';
import { measureLoad } from './measure-load.js';
import { addWebhooks, WEBHOOKS } from './webhooks.js';

/** The default of RETENTION_DAYS. */
const RETAINED_DAYS = 30;
/** To fill the embedded engine takes several times as long. */
const STORED = { server: 10_000_000, embedded: 500_000 };
const STORED_QUICK = 20_000;

/** Scenario 6: scenario 1 on an empty database, then on one with the deliveries of the retained days. */
export async function measureStored(context: Context): Promise<Result[]> {
  const { stored, isQuick } = context.options;
  const count = stored ?? (isQuick ? STORED_QUICK : STORED[context.engine.name]);
  const empty = await measure(context, 0);
  const full = await measure(context, count);
  return [empty, { ...full, figures: { ratioToEmpty: full.deliveriesPerSecond! / empty.deliveriesPerSecond! } }];
}

async function measure(context: Context, stored: number): Promise<Result> {
  const installation = await newInstallation(context);
  try {
    await installation.start();
    const streams = await onSite(installation, (site) => addWebhooks(context, site));
    await installation.stop();
    if (stored > 0) {
      const { client, url, close } = await installation.storage.connectAlone();
      await makePartitions(url, RETAINED_DAYS);
      await fillFinished(client, stored, WEBHOOKS, RETAINED_DAYS);
      await close();
    }
    await installation.start();
    await context.receiver.call('reset', null);
    const times = intakeTimes(context.options);
    const result = await onSite(installation, (site) =>
      measureLoad(context, site, { ...BATCH_INTAKE, ...times, streams }),
    );
    return { ...result, scenario: '6', label: `${stored.toLocaleString('en')} stored` };
  } finally {
    await installation.remove();
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { type Context, onFreshSite } from '../context.js';
import { targetUrl } from '../helpers/target.js';
import { Meter } from '../measures/meter.js';
import { emptyResult, type Result } from '../report/result.js';

const WEBHOOKS = 10_000;
const AT_ONCE = 16;
/** Until what a start and the webhooks have left to do is done. */
const SETTLE_MS = 15_000;

/** What a process costs that has many webhooks and nothing to do. */
export function measureIdle(context: Context): Promise<Result[]> {
  const { options, receiver, load, receiverPort, engine, receiverName } = context;
  const webhooks = options.isQuick ? 100 : WEBHOOKS;
  const seconds = options.seconds ?? (options.isQuick ? 3 : 60);
  return onFreshSite(context, {}, async ({ installation, client }) => {
    const tenant = await installation.createTenant();
    for (let made = 0; made < webhooks; made += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, webhooks - made) }, (_, index) =>
        installation.createWebhook(tenant, targetUrl(receiverPort, 'ok', made + index)),
      );
      await Promise.all(some);
    }
    await delay(options.isQuick ? 1_000 : SETTLE_MS);
    const meter = await Meter.start(client, installation, { receiver: receiver.pid, load: load.pid });
    await delay(seconds * 1_000);
    const usage = await meter.stop();
    const line = emptyResult({
      scenario: 'idle',
      engine: engine.name,
      receiver: receiverName,
      label: `${webhooks} webhooks, nothing to do`,
    });
    const perSecond = (micros: number | null): number => (micros ?? NaN) / 1_000 / seconds;
    const figures = {
      tidingsCpuMsPerSecond: perSecond(usage.tidingsCpuMicros),
      ...(usage.postgresCpuMicros !== null && { postgresCpuMsPerSecond: perSecond(usage.postgresCpuMicros) }),
      walBytesPerSecond: usage.walBytes / seconds,
    };
    return [{ ...line, peakMemoryMb: usage.peakMemoryMb, othersCpuShare: usage.othersCpuShare, figures }];
  });
}

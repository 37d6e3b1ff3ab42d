import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { type Context, onFreshSite, type Site } from '../context.js';
import type { Stream } from '../helpers/request-source.js';
import { targetUrl } from '../helpers/target.js';
import type { Result } from '../report/result.js';
import { measureLoad } from './measure-load.js';
import { addWebhook, eventTypeOf } from './webhooks.js';

const WIDE = 100;
const MANY = 1_000;

/** Scenario 4: every event goes to 100 webhooks; then 1,000 webhooks, each with one of the event types. */
export async function measureFanOut(context: Context): Promise<Result[]> {
  const wide = await measure(context, `1 event to ${WIDE} webhooks`, addWideWebhooks);
  const many = await measure(context, `${MANY} webhooks, ${EVENT_TYPE_NAMES.length} filters`, addManyWebhooks);
  return [wide, many];
}

const FAN_OUTS = [10, 100];
/** As the peers were measured: so many requests under way, each with one event. */
const FAN_OUT_CONNECTIONS = 64;

/** Every event goes to 10 webhooks, then to 100, as fast as the events are accepted. */
export async function measureFanOuts(context: Context): Promise<Result[]> {
  const results: Result[] = [];
  for (const webhooks of FAN_OUTS) {
    const result = await onFreshSite(context, {}, async (site) => {
      const streams = await addWideWebhooks(context, site, webhooks);
      return measureLoad(context, site, {
        scenario: 'fanout',
        label: `1 event to ${webhooks} webhooks`,
        streams,
        eventsPerRequest: 1,
        arrivals: { kind: 'closed', connections: FAN_OUT_CONNECTIONS },
        seconds: context.options.seconds ?? (context.options.isQuick ? 1 : 5),
        warmUpSeconds: 1,
      });
    });
    results.push(result);
    await context.receiver.call('reset', null);
  }
  return results;
}

function measure(
  context: Context,
  label: string,
  addStreams: (context: Context, site: Site) => Promise<Stream[]>,
): Promise<Result> {
  return onFreshSite(context, {}, async (site) => {
    const streams = await addStreams(context, site);
    await context.receiver.call('reset', null);
    return measureLoad(context, site, {
      scenario: '4',
      label,
      streams,
      eventsPerRequest: 1,
      // Two requests at a time create deliveries faster than they are sent.
      arrivals: { kind: 'closed', connections: 2 },
      seconds: context.options.seconds ?? (context.options.isQuick ? 1 : 5),
      warmUpSeconds: 1,
    });
  });
}

async function addWideWebhooks({ receiverPort }: Context, { installation }: Site, webhooks = WIDE): Promise<Stream[]> {
  const tenant = await installation.createTenant();
  for (let index = 0; index < webhooks; index += 1) {
    await installation.createWebhook(tenant, targetUrl(receiverPort, 'ok', index));
  }
  return [{ token: tenant.token, eventType: eventTypeOf(0), weight: 1, fanOut: webhooks }];
}

async function addManyWebhooks(context: Context, site: Site): Promise<Stream[]> {
  const tenant = await site.installation.createTenant();
  const streams = new Map<string, Stream>();
  for (let index = 0; index < MANY; index += 1) {
    const stream = await addWebhook(context, site, tenant, index);
    const known = streams.get(stream.eventType);
    streams.set(stream.eventType, { ...stream, fanOut: (known?.fanOut ?? 0) + 1 });
  }
  return [...streams.values()];
}

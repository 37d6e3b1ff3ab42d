import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import type { Context, Site } from '../context.js';
import type { Stream } from '../helpers/request-source.js';
import { type Behaviour, targetUrl } from '../helpers/target.js';
import type { Tenant } from '../service/installation.js';

/** Few enough that each can have an event type of its own. */
export const WEBHOOKS = 20;

export function eventTypeOf(index: number): string {
  return EVENT_TYPE_NAMES[index % EVENT_TYPE_NAMES.length]!;
}

/** Subscribed to one event type of its own, so that an event makes one delivery. */
export async function addWebhook(
  { receiverPort }: Context,
  { installation }: Site,
  tenant: Tenant,
  index: number,
  behaviour: Behaviour = 'ok',
): Promise<Stream> {
  const eventType = eventTypeOf(index);
  await installation.createWebhook(tenant, targetUrl(receiverPort, behaviour, index), [eventType]);
  return { token: tenant.token, eventType, weight: 1, fanOut: 1 };
}

export async function addWebhooks(context: Context, site: Site): Promise<Stream[]> {
  const tenant = await site.installation.createTenant();
  const streams: Stream[] = [];
  for (let index = 0; index < WEBHOOKS; index += 1) streams.push(await addWebhook(context, site, tenant, index));
  return streams;
}

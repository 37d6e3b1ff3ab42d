import { setTimeout as delay } from 'node:timers/promises';
import { type CreatedWebhook, type Recovery, send } from '../../test/support/client.js';
import { type Context, onFreshSite, type Site } from '../context.js';
import { targetUrl } from '../helpers/target.js';
import type { Result } from '../report/result.js';
import type { Tenant } from '../service/installation.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { addWebhook, eventTypeOf } from './webhooks.js';

const LIVE_PER_SECOND = 200;
const BATCH = 1_000;
const POLL_MS = 200;

/** Of the webhooks, by their index. */
const LIVE = 0;
const RECOVERED = 1;

/**
 * A webhook gets live events, first alone, then while another webhook of the environment is recovered: how much later
 * do they arrive?
 */
export function measureRecovery(context: Context): Promise<Result[]> {
  const { seconds, isQuick } = context.options;
  return onFreshSite(context, {}, async (site) => {
    const tenant = await site.installation.createTenant();
    const load: MeasuredLoad = {
      scenario: 'recovery',
      label: 'live alone',
      streams: [await addWebhook(context, site, tenant, LIVE)],
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: LIVE_PER_SECOND },
      seconds: seconds ?? (isQuick ? 3 : 30),
      warmUpSeconds: isQuick ? 1 : 5,
      measuredWebhooks: { from: LIVE, to: LIVE + 1 },
    };
    const missed = BATCH * (isQuick ? 1 : Math.ceil(load.seconds / 3));
    const webhookId = await miss(context, site, tenant, missed);
    await context.receiver.call('reset', null);
    const alone = await measureLoad(context, site, load);
    await context.receiver.call('reset', null);
    const beside = (): Promise<Record<string, number>> => recover(site, tenant, webhookId);
    const together = await measureLoad(context, site, {
      ...load,
      label: 'beside a recovery',
      warmUpSeconds: 0,
      beside,
    });
    const figures = { ...together.figures, p95Ratio: together.receiptMs!.p95 / alone.receiptMs!.p95 };
    // Recovered events arrived and were recorded, too.
    const { recovered } = together.figures;
    const counts = { lost: together.lost + recovered!, unrecorded: together.unrecorded! + recovered! };
    return [alone, { ...together, ...counts, figures }].map((result) => ({ ...result, deliveriesPerSecond: null }));
  });
}

/** The webhook misses the events because it is inactive. */
async function miss({ receiverPort }: Context, site: Site, tenant: Tenant, count: number): Promise<string> {
  const eventType = eventTypeOf(RECOVERED);
  const webhook = { target_url: targetUrl(receiverPort, 'ok', RECOVERED), event_types: [eventType], is_active: false };
  const { id } = await call<CreatedWebhook>(site, tenant, 'POST', '/webhook', webhook);
  for (let from = 0; from < count; from += BATCH) {
    const events = Array.from({ length: BATCH }, (_, n) => ({
      event_type: eventType,
      payload: { n: from + n, at: 0, filler: 'x'.repeat(200) },
    }));
    await call(site, tenant, 'POST', '/event/batch', { events });
  }
  await call(site, tenant, 'PATCH', `/webhook/${id}`, { is_active: true });
  return id;
}

/** Resolves when everything is queued. */
async function recover(site: Site, tenant: Tenant, webhookId: string): Promise<Record<string, number>> {
  const path = `/webhook/${webhookId}/recover`;
  const startedAtMs = performance.now();
  await call(site, tenant, 'POST', path, { since: new Date(Date.now() - 3_600_000).toISOString() });
  for (;;) {
    const { status, queued } = await call<Recovery>(site, tenant, 'GET', path);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    if (status !== 'running') return { recovered: queued, recoveredPerSecond: queued / seconds };
    await delay(POLL_MS);
  }
}

async function call<T>(
  { installation }: Site,
  { token }: Tenant,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const headers = { authorization: `Bearer ${token}` };
  const { status, text } = await send(installation.replicas[0]!.url, method, path, { body, headers });
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}

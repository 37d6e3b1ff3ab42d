import type { Context, Site } from '../context.js';
import type { Stream } from '../helpers/request-source.js';
import { targetUrl } from '../helpers/target.js';
import type { Tenant } from '../service/installation.js';
import type { HistoryWebhook } from '../service/history.js';
import { eventTypeOf, WEBHOOKS } from './webhooks.js';

/** Of a second tenant, whose deliveries lie between the first one's. */
const OTHER_WEBHOOKS = 5;

/** Of 100 deliveries: the first webhook's, and the second tenant's together. The others have the rest. */
const BUSIEST_WEIGHT = 30;
const OTHER_TENANT_WEIGHT = 5;

/** Of each webhook, over the days of the history. */
const REVISIONS = 500;
const REVISION_MINUTES = 86;
/** Webhooks of the first tenant that fail now; not the busiest one. */
const FAILING = 3;

export interface GrowthWebhooks {
  tenant: Tenant;
  /** The first tenant's. */
  streams: Stream[];
  /** The first tenant's 20, the busiest first, then the second's. */
  all: HistoryWebhook[];
}

export async function addGrowthWebhooks(context: Context, site: Site): Promise<GrowthWebhooks> {
  const tenant = await site.installation.createTenant();
  const other = await site.installation.createTenant();
  const all: HistoryWebhook[] = [];
  const add = async ({ environmentId, token }: Tenant, index: number, weight: number): Promise<void> => {
    const url = targetUrl(context.receiverPort, 'ok', all.length);
    const eventType = eventTypeOf(index);
    const { id } = await site.installation.createWebhook({ environmentId, token }, url, [eventType]);
    all.push({ id, environmentId, targetUrl: url, eventType, weight });
  };
  const usualWeight = (100 - BUSIEST_WEIGHT - OTHER_TENANT_WEIGHT) / (WEBHOOKS - 1);
  for (let index = 0; index < WEBHOOKS; index += 1)
    await add(tenant, index, index === 0 ? BUSIEST_WEIGHT : usualWeight);
  for (let index = 0; index < OTHER_WEBHOOKS; index += 1) await add(other, index, OTHER_TENANT_WEIGHT / OTHER_WEBHOOKS);
  await addPast(site, all);
  const streams = all
    .slice(0, WEBHOOKS)
    .map(({ eventType }) => ({ token: tenant.token, eventType, weight: 1, fanOut: 1 }));
  return { tenant, streams, all };
}

/** Revisions and failures, as an operator's webhooks have them. */
async function addPast({ client }: Site, all: readonly HistoryWebhook[]): Promise<void> {
  await client.query(
    `INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, event_types, is_deleted,
       changed_by, changed_at)
     SELECT environment_id, id, n, target_url, true, event_types, false, 'admin', now() - n * $2::int * interval '1 minute'
     FROM webhook, generate_series(2, $1::int) AS n`,
    [REVISIONS, REVISION_MINUTES],
  );
  await client.query(
    `INSERT INTO webhook_health (webhook_id, consecutive_failures, failing_since)
     SELECT id, 1, now() FROM unnest($1::uuid[]) AS id`,
    [all.slice(1, 1 + FAILING).map(({ id }) => id)],
  );
}

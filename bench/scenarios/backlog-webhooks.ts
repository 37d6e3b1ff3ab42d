import type pg from 'pg';
import type { Context, Site } from '../context.js';
import type { Storage } from '../service/engine.js';
import type { Tenant } from '../service/installation.js';
import { addWebhook } from './webhooks.js';

/** Of one environment, with the indexes from 0: `fillBacklog` knows them by these. */
export const WEBHOOKS = 1_000;

export async function addBacklogWebhooks(context: Context, site: Site): Promise<Tenant> {
  const tenant = await site.installation.createTenant();
  for (let index = 0; index < WEBHOOKS; index += 1) await addWebhook(context, site, tenant, index);
  return tenant;
}

/** While no service runs. */
export async function aloneOn<T>(storage: Storage, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { client, close } = await storage.connectAlone();
  try {
    return await work(client);
  } finally {
    await close();
  }
}

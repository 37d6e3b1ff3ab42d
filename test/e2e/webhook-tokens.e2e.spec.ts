import { randomUUID } from 'node:crypto';
import type { ApiClient, AuditEntry, CreatedWebhook, Delivery, Me, Page, Webhook } from '../support/client.js';
import { type Tenant, useService } from '../support/process.js';
import { useReceivers } from './receivers.js';

/* What a customer's engineer has: a token for one webhook. That it reaches nothing else is for isolation-matrix.e2e.spec.ts. */

const service = useService();
const receivers = useReceivers();

interface Story {
  tenant: Tenant;
  /** The webhook that the token is for, and another one of its environment. */
  own: CreatedWebhook;
  other: CreatedWebhook;
  tokenId: string;
  client: ApiClient;
}

async function begin(): Promise<Story> {
  const tenant = await service.tenant();
  const receiver = await receivers.start();
  const own = await tenant.client.createWebhook({ target_url: receiver.url('/own') });
  const other = await tenant.client.createWebhook({ target_url: receiver.url('/other') });
  const { id: tokenId, token } = await service.webhookToken(tenant.environmentId, own.id);
  return { tenant, own, other, tokenId, client: service.client(token) };
}

/** Without what differs from answer to answer. */
async function answerTo(client: ApiClient, path: string): Promise<unknown> {
  const { status, text } = await client.get(path);
  return { status, text };
}

describe('a token for one webhook', () => {
  it('says so, with the scopes that make sense for it', async () => {
    const { tenant, own, tokenId, client } = await begin();
    const scopes = ['webhook:read', 'webhook:write', 'delivery:read', 'delivery:write'];
    const { environmentId: environment_id } = tenant;
    expect((await client.get<Me>('/me')).expect(200)).toEqual({
      kind: 'api_token',
      name: 'story',
      environment_id,
      webhook_id: own.id,
      scopes,
      expires_at: null,
    });
    const read = (await service.admin.get(`/api-token/${tokenId}`)).expect(200);
    expect(read).toMatchObject({ id: tokenId, webhook_id: own.id, scopes });
  });

  it('lists that webhook, whatever the filters', async () => {
    const { own, other, client } = await begin();
    const ids = async (query: string): Promise<string[]> =>
      (await client.get<Page<Webhook>>(`/webhook?${query}`)).expect(200).result.map(({ id }) => id);
    expect(await ids('')).toEqual([own.id]);
    expect(await ids(`id[in]=${other.id},${own.id}`)).toEqual([own.id]);
    expect(await ids(`id[in]=${other.id}`)).toEqual([]);
    expect(await ids('is_active=false')).toEqual([]);
    expect(await ids(`created_at[gt]=${other.created_at}`)).toEqual([]);
  });

  it('lists its deliveries, and of another webhook as many as of none', async () => {
    const { tenant, own, other, client } = await begin();
    const { id: eventId } = await tenant.client.publish('record:created');
    const both = await tenant.client.deliveries({ event_id: eventId });
    expect(both).toHaveLength(2);
    const idOf = (webhook: Webhook): string => both.find(({ webhook_id }) => webhook_id === webhook.id)!.id;
    const ids = async (filters: Record<string, string>): Promise<string[]> =>
      (await client.deliveries(filters)).map(({ id }) => id);
    expect(await ids({})).toEqual([idOf(own)]);
    expect(await ids({ event_id: eventId })).toEqual([idOf(own)]);
    expect(await ids({ webhook_id: own.id.toUpperCase() })).toEqual([idOf(own)]);
    expect(await ids({ 'id[in]': `${idOf(other)},${idOf(own)}` })).toEqual([idOf(own)]);
    const foreign = await answerTo(client, `/delivery?webhook_id=${other.id}`);
    expect(foreign).toEqual(await answerTo(client, `/delivery?webhook_id=${randomUUID()}`));
    expect(foreign).toMatchObject({ status: 200 });
    for (const path of ['/delivery', '/webhook']) {
      const [there, nowhere] = path === '/delivery' ? [idOf(other), randomUUID()] : [other.id, randomUUID()];
      expect(await answerTo(client, `${path}/${there}`)).toEqual(await answerTo(client, `${path}/${nowhere}`));
    }
  });

  it('turns its own pages, and none that another token opened', async () => {
    const { tenant, own, client } = await begin();
    for (let n = 0; n < 3; n += 1) await tenant.client.publish('record:created');
    const second = await service.webhookToken(tenant.environmentId, own.id);
    const page = async (by: ApiClient, cursor = ''): Promise<Page<Delivery>> =>
      (await by.get<Page<Delivery>>(`/delivery?limit=2&next_cursor=${cursor}`)).expect(200);
    const first = await page(client);
    const rest = await page(client, first.next_cursor!);
    // Another token of the same webhook shows the same list.
    expect(await page(service.client(second.token), first.next_cursor!)).toEqual(rest);
    expect([...first.result, ...rest.result].map(({ webhook_id }) => webhook_id)).toEqual([own.id, own.id, own.id]);
    const { next_cursor: ofAll } = await page(tenant.client);
    (await client.get(`/delivery?limit=2&next_cursor=${ofAll}`)).expectError(400, 'INVALID_CURSOR');
    const crossed = await tenant.client.get(`/delivery?limit=2&next_cursor=${first.next_cursor}`);
    crossed.expectError(400, 'INVALID_CURSOR');
  });

  it('changes its webhook under its own name, and repeats that under keys that meet nobody else’s', async () => {
    const { tenant, own, other, tokenId, client } = await begin();
    const headers = { 'idempotency-key': 'rotate' };
    const rotate = (by: ApiClient, id: string) =>
      by.post<CreatedWebhook>(`/webhook/${id}/rotate-secret`, undefined, { headers });
    (await rotate(tenant.client, other.id)).expect(200);
    const rotated = (await rotate(client, own.id)).expect(200);
    expect((await rotate(client, own.id)).expect(200)).toEqual(rotated);
    (await client.patch(`/webhook/${own.id}`, { event_types: ['record:created'] })).expect(200);
    (await client.post('/webhook/test', { id: own.id })).expect(200);
    (await client.post('/webhook/test', { id: other.id })).expectError(404, 'WEBHOOK_NOT_FOUND');
    const { result } = (await service.admin.get<Page<AuditEntry>>(`/audit?actor=${tokenId}`)).expect(200);
    expect(result.map(({ action, resource_id }) => `${action} ${resource_id}`)).toEqual([
      `changed ${own.id}`,
      `rotated ${own.id}`,
    ]);
  });

  it.each(['itself', 'its environment’s token', 'the admin'])('ends with its webhook, deleted by %s', async (by) => {
    const { tenant, own, tokenId, client } = await begin();
    const { id: secondId, token: second } = await service.webhookToken(tenant.environmentId, own.id);
    (await service.client(second).get('/me')).expect(200);
    const clients = { itself: client, 'its environment’s token': tenant.client, 'the admin': service.admin };
    const query = by === 'the admin' ? `?environment_id=${tenant.environmentId}` : '';
    const path = `/webhook/${own.id}${query}`;
    expect((await clients[by as keyof typeof clients].delete(path)).expect(200)).toEqual({ id: own.id });
    for (const token of [client, service.client(second)]) {
      const { text } = await token.get('/me');
      expect(text).toBe((await service.client(`tdg_${'A'.repeat(43)}`).get('/me')).text);
    }
    for (const id of [tokenId, secondId]) {
      (await service.admin.get(`/api-token/${id}`)).expectError(404, 'API_TOKEN_NOT_FOUND');
      const page = await service.admin.get<Page<AuditEntry>>(`/audit?resource_id=${id}&action=deleted`);
      expect(page.expect(200).result).toHaveLength(1);
    }
    (await tenant.client.get('/me')).expect(200);
    const order = { name: 'late', environment_id: tenant.environmentId, webhook_id: own.id };
    (await service.admin.post('/api-token', order)).expectError(404, 'WEBHOOK_NOT_FOUND');
  });

  it('ends with its environment', async () => {
    const { tenant, client } = await begin();
    (await client.get('/me')).expect(200);
    (await service.admin.delete(`/environment/${tenant.environmentId}`)).expect(200);
    (await client.get('/me')).expectError(401, 'UNAUTHORIZED');
  });
});

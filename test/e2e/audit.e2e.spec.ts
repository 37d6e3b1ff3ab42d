import {
  type ApiClient,
  type ApiToken,
  type AuditEntry,
  type CreatedWebhook,
  type Environment,
  fetchDocument,
  type Page,
  type Webhook,
} from '../support/client.js';
import { documentedOperations } from '../support/openapi-conformance.js';
import { leastBodyOf, OPERATIONS, SCOPES, successOf } from '../support/operations.js';
import { useService, type Tenant } from '../support/process.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

const MISSING = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61';

const service = useService();
const receivers = useReceivers();

async function entries(filters: Record<string, string>): Promise<AuditEntry[]> {
  const query = new URLSearchParams(filters).toString();
  return (await service.admin.get<Page<AuditEntry>>(`/audit?${query}`)).expect(200).result;
}

/** What was done, oldest first: `webhook changed is_active by system`. */
async function told(filters: Record<string, string>, names: Record<string, string> = {}): Promise<string[]> {
  return (await entries(filters))
    .reverse()
    .map(({ resource_type, action, changed_fields, actor }) =>
      [resource_type, action, ...changed_fields, 'by', names[actor] ?? actor].join(' '),
    );
}

async function tokenIdOf({ environmentId }: Tenant): Promise<string> {
  const page = await service.admin.get<Page<ApiToken>>(`/api-token?environment_id=${environmentId}`);
  return page.expect(200).result[0]!.id;
}

/** An event's delivery, once it is finished. */
async function deliveredTo(client: ApiClient, webhookId: string, payload: object = {}): Promise<string> {
  const event = await client.publish('record:created', { ...payload });
  return until('the delivery', async () => {
    const [delivery] = await client.deliveries({ event_id: event.id, webhook_id: webhookId });
    return delivery && delivery.status !== 'pending' && delivery.id;
  });
}

describe('the audit trail', () => {
  it('tells the life of a webhook: what was done, and by whom', async () => {
    const tenant = await service.tenant();
    const { client, environmentId } = tenant;
    const names = { [await tokenIdOf(tenant)]: 'its token' };
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const path = `/webhook/${id}`;
    const asAdmin = `${path}?environment_id=${environmentId}`;
    const other = { target_url: receiver.url('/other'), event_types: ['record:created'] };
    (await client.patch(path, { ...other, is_active: true })).expect(200);
    (await service.admin.patch(asAdmin, { is_active: false })).expect(200);
    (await service.admin.patch(asAdmin, { is_active: true })).expect(200);
    (await client.post(`${path}/rotate-secret`)).expect(200);
    const deliveryId = await deliveredTo(client, id);
    (await client.post(`/delivery/${deliveryId}/retry`)).expect(202);
    await receiver.waitFor(2);
    receiver.respondWith([410]);
    await client.publish('record:created');
    await until('the webhook to be made inactive', async () => {
      const webhook = (await client.get<Webhook>(path)).expect(200);
      return !webhook.is_active;
    });
    (await client.delete(path)).expect(200);

    expect(await told({ resource_id: id }, names)).toEqual([
      'webhook created by its token',
      'webhook changed target_url event_types by its token',
      'webhook changed is_active by admin',
      'webhook changed is_active by admin',
      'webhook rotated by its token',
      'webhook changed is_active by system',
      'webhook deleted by its token',
    ]);
    expect(await told({ resource_id: deliveryId }, names)).toEqual(['delivery retried by its token']);
  });

  it('tells of environments and tokens, and of all that ended with an environment', async () => {
    const tenant = await service.tenant();
    const { environmentId, client } = tenant;
    const tokenId = await tokenIdOf(tenant);
    const revoked = await service.token(environmentId);
    const webhooks = [1, 2].map(() => client.createWebhook({ target_url: 'https://example.com/webhook' }));
    const webhookIds = (await Promise.all(webhooks)).map(({ id }) => id);
    (await service.admin.patch(`/environment/${environmentId}`, { name: 'other' })).expect(200);
    (await service.admin.delete(`/api-token/${revoked.id}`)).expect(200);
    const before = await entries({ environment_id: environmentId });
    (await service.admin.delete(`/environment/${environmentId}`)).expect(200);

    const all = await entries({ environment_id: environmentId });
    expect(await told({ resource_id: environmentId })).toEqual([
      'environment created by admin',
      'environment changed name by admin',
      'environment deleted by admin',
    ]);
    expect(await told({ resource_id: revoked.id })).toEqual([
      'api_token created by admin',
      'api_token deleted by admin',
    ]);
    const ended = all.slice(0, all.length - before.length);
    expect(ended.map(({ resource_id }) => resource_id).sort()).toEqual([environmentId, tokenId, ...webhookIds].sort());
    expect(ended.every(({ action, actor }) => action === 'deleted' && actor === 'admin')).toBe(true);
    expect(all.slice(-before.length)).toEqual(before);
  });

  it('tells what an entry is about and when it was, in these fields', async () => {
    const since = Date.now();
    const environment = (await service.admin.post<Environment>('/environment', { name: 'audited' })).expect(201);
    const [entry] = await entries({ resource_id: environment.id });
    expect(entry).toEqual({
      id: expect.any(String),
      environment_id: environment.id,
      actor: 'admin',
      action: 'created',
      resource_type: 'environment',
      resource_id: environment.id,
      changed_fields: [],
      created_at: expect.any(String),
    });
    const at = Date.parse(entry!.created_at);
    expect(at).toBeGreaterThanOrEqual(since - 1_000);
    expect(at).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('tells nothing of requests that did nothing', async () => {
    const { client, environmentId } = await service.tenant();
    const body = { target_url: 'https://example.com/webhook', event_types: ['record:created'] };
    const headers = { 'idempotency-key': 'one' };
    const webhook = (await client.post<CreatedWebhook>('/webhook', body, { headers })).expect(201);
    const { id } = webhook;
    const stopped = await client.createWebhook({ target_url: 'https://example.com/stopped', is_active: false });
    const before = await entries({ environment_id: environmentId });
    expect(before).toHaveLength(4);

    expect((await client.post('/webhook', body, { headers })).expect(201)).toEqual(webhook);
    const conflict = await client.post('/webhook', { ...body, is_active: false }, { headers });
    conflict.expectError(409, 'IDEMPOTENCY_CONFLICT');
    (await client.post('/webhook', { target_url: 'https://10.0.0.1/' })).expectError(400, 'TARGET_URL_NOT_ALLOWED');
    (await client.patch(`/webhook/${id}`, {})).expect(200);
    (await client.patch(`/webhook/${id}`, { ...body, is_active: true })).expect(200);
    (await client.patch(`/webhook/${MISSING}`, { is_active: false })).expectError(404, 'WEBHOOK_NOT_FOUND');
    (await client.delete(`/webhook/${MISSING}`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    (await client.post('/webhook/test', { id: stopped.id })).expectError(409, 'WEBHOOK_INACTIVE');
    (await client.post(`/delivery/${MISSING}/retry`)).expectError(404, 'DELIVERY_NOT_FOUND');
    (await service.admin.patch(`/environment/${environmentId}`, { name: 'story' })).expect(200);
    (await service.admin.delete(`/api-token/${MISSING}`)).expectError(404, 'API_TOKEN_NOT_FOUND');
    const nowhere = { name: 'story', environment_id: MISSING };
    (await service.admin.post('/api-token', nowhere)).expectError(404, 'ENVIRONMENT_NOT_FOUND');

    expect(await entries({ environment_id: environmentId })).toEqual(before);
    expect(await entries({ resource_id: MISSING })).toEqual([]);
    expect(await entries({ environment_id: MISSING })).toEqual([]);
  });

  it('tells nothing of a sixth secret that was refused', async () => {
    const { client } = await service.tenant();
    const { id } = await client.createWebhook({ target_url: 'https://example.com/webhook' });
    for (let rotated = 0; rotated < 4; rotated += 1) (await client.post(`/webhook/${id}/rotate-secret`)).expect(200);
    (await client.post(`/webhook/${id}/rotate-secret`)).expectError(409, 'SECRET_LIMIT_REACHED');
    expect(await entries({ resource_id: id, action: 'rotated' })).toHaveLength(4);
  });

  it('tells nothing of the retry of a delivery to a webhook that has stopped', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const deliveryId = await deliveredTo(client, id);
    (await client.patch(`/webhook/${id}`, { is_active: false })).expect(200);
    (await client.post(`/delivery/${deliveryId}/retry`)).expectError(409, 'WEBHOOK_INACTIVE');
    expect(await entries({ resource_id: deliveryId })).toEqual([]);
  });

  it('shows no secret, token, target or payload', async () => {
    const tenant = await service.tenant();
    const { client, environmentId, token } = tenant;
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url('/a-path-of-its-own') });
    const rotated = await client.post<CreatedWebhook>(`/webhook/${webhook.id}/rotate-secret`);
    const marker = 'a-marker-in-a-payload';
    const deliveryId = await deliveredTo(client, webhook.id, { marker });
    (await client.post(`/delivery/${deliveryId}/retry`)).expect(202);

    const { text } = await service.admin.get(`/audit?environment_id=${environmentId}`);
    const found = (canaries: string[]): string[] => canaries.filter((canary) => text.includes(canary));
    const { secret } = rotated.expect(200);
    const canaries = [webhook.secret, secret, token, service.adminToken, webhook.target_url, marker];
    expect(found([...canaries, webhook.id, deliveryId])).toEqual([webhook.id, deliveryId]);
  });

  it('tells when what was known against an endpoint is forgotten, and tells nothing when nothing was', async () => {
    const tenant = await service.tenant();
    const { client } = tenant;
    const names = { [await tokenIdOf(tenant)]: 'its token' };
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const startAfresh = async () => (await client.patch(`/webhook/${id}`, { is_active: true })).expect(200);
    await startAfresh();
    receiver.respondWith([500]);
    await client.publish('record:created');
    await until('the failure to be known', async () => {
      const page = (await client.get<Page<Webhook>>('/webhook?failing=true')).expect(200);
      return page.result.length === 1;
    });
    await startAfresh();
    await startAfresh();
    expect(await told({ resource_id: id }, names)).toEqual([
      'webhook created by its token',
      'webhook changed health by its token',
    ]);
  });

  describe('of every operation of the API that changes something', () => {
    /** What leaves no entry, and why. */
    const UNTOLD: Record<string, string> = {
      'POST /event': 'events are what the environment sends: each is its own record',
      'POST /event/batch': 'as POST /event',
      'POST /webhook/test': 'changes nothing; the delivery that it makes is its record',
    };

    /** A webhook whose recovery still runs: more is to be recovered than may wait for an endpoint that does not answer. */
    const recovering = async ({ client }: Tenant): Promise<string> => {
      const receiver = await receivers.start();
      const { id } = await client.createWebhook({ target_url: receiver.url(), is_active: false });
      const since = new Date(Date.now() - 60_000).toISOString();
      const events = Array.from({ length: 1_000 }, () => ({ event_type: 'record:created', payload: {} }));
      (await client.post('/event/batch', { events })).expect(202);
      holdAnswers(receiver);
      (await client.patch(`/webhook/${id}`, { is_active: true })).expect(200);
      (await client.post(`/webhook/${id}/recover`, { since })).expect(202);
      return id;
    };

    /** What the operation is asked of, for it to change something. */
    const targetOf = async (name: string, tenant: Tenant): Promise<string> => {
      const { client, environmentId } = tenant;
      const [, path = ''] = name.split(' ');
      if (name === 'DELETE /webhook/{id}/recover') return recovering(tenant);
      if (path.startsWith('/environment')) return environmentId;
      if (path.startsWith('/api-token')) return (await service.token(environmentId)).id;
      if (path.startsWith('/event')) return (await client.publish('record:created')).id;
      const receiver = await receivers.start();
      const { id } = await client.createWebhook({
        target_url: receiver.url(),
        is_active: name !== 'PATCH /webhook/{id}',
      });
      if (path.endsWith('/health')) {
        receiver.respondWith(() => 500);
        await client.publish('record:created');
        await until('the failure', async () => {
          const health = await client.request<{ state: string }>('GET', `/webhook/${id}/health`);
          return health.expect(200).state === 'failing';
        });
      }
      return path.startsWith('/delivery') ? deliveredTo(client, id) : id;
    };

    it('names the resource, who did it and what was done', async () => {
      const operations = documentedOperations(await fetchDocument(service.url)).filter(
        (name) => !name.startsWith('GET '),
      );
      expect(operations).toEqual(expect.arrayContaining(Object.keys(UNTOLD)));
      const untold: string[] = [];
      for (const name of operations) {
        const tenant = await service.tenant();
        const { environmentId } = tenant;
        const id = await targetOf(name, tenant);
        const [method, path] = name.split(' ') as [string, string];
        const isScoped = SCOPES.includes(OPERATIONS[name]!);
        const before = await entries({ limit: '1000' });
        const body = leastBodyOf(name, { webhookId: id, environmentId });
        const answer = await service.admin.request<{ id?: string }>(
          method,
          path.replace('{id}', id) + (isScoped ? `?environment_id=${environmentId}` : ''),
          { body },
        );
        expect([name, answer.status]).toEqual([name, successOf(name)]);
        const known = new Set(before.map((entry) => entry.id));
        const fresh = (await entries({ limit: '1000' })).filter((entry) => !known.has(entry.id));
        const made = (JSON.parse(answer.text) as { id?: string }).id;
        const isTold = fresh.some(
          ({ actor, resource_id: about }) =>
            actor === 'admin' && (about === made || (path.includes('{id}') && about === id)),
        );
        if (!isTold) untold.push(name);
      }
      expect(untold.sort()).toEqual(Object.keys(UNTOLD).sort());
    });
  });

  describe('is listed', () => {
    it('page by page, newest first, and stays as it is while entries are added', async () => {
      const { client, environmentId } = await service.tenant();
      const { id } = await client.createWebhook({ target_url: 'https://example.com/webhook' });
      for (let count = 0; count < 3; count += 1) {
        (await client.patch(`/webhook/${id}`, { target_url: `https://example.com/${count}` })).expect(200);
      }
      const before = await entries({ environment_id: environmentId });
      expect(before).toHaveLength(6);
      expect(before.map((entry) => entry.id)).toEqual(
        before
          .map((entry) => entry.id)
          .sort()
          .reverse(),
      );

      const pages: AuditEntry[][] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const path: string = `/audit?environment_id=${environmentId}&limit=2&next_cursor=${cursor}`;
        const page: Page<AuditEntry> = (await service.admin.get<Page<AuditEntry>>(path)).expect(200);
        pages.push(page.result);
        cursor = page.next_cursor;
        (await client.patch(`/webhook/${id}`, { target_url: `https://example.com/p${pages.length}` })).expect(200);
      }
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 2]);
      expect(pages.flat()).toEqual(before);
    });

    it('by who did it, what it was done to, and what was done', async () => {
      const tenant = await service.tenant();
      const { client, environmentId } = tenant;
      const actor = await tokenIdOf(tenant);
      const one = await client.createWebhook({ target_url: 'https://example.com/one' });
      const two = await client.createWebhook({ target_url: 'https://example.com/two' });
      (await client.delete(`/webhook/${one.id}`)).expect(200);
      const asAdmin = `/webhook/${two.id}?environment_id=${environmentId}`;
      (await service.admin.delete(asAdmin)).expect(200);

      expect(await told({ actor: actor.toUpperCase() }, { [actor]: 'it' })).toEqual([
        'webhook created by it',
        'webhook created by it',
        'webhook deleted by it',
      ]);
      const byAdmin = { environment_id: environmentId, actor: 'admin' };
      expect(await told({ ...byAdmin, action: 'deleted' })).toEqual(['webhook deleted by admin']);
      expect(await told({ ...byAdmin, resource_id: one.id })).toEqual([]);
      expect(await told({ environment_id: environmentId, actor: 'system' })).toEqual([]);
      expect(await told({ resource_id: two.id, action: 'created' }, { [actor]: 'it' })).toEqual([
        'webhook created by it',
      ]);
    });

    it('by when it was done, without the instants themselves', async () => {
      const { client } = await service.tenant();
      const { id } = await client.createWebhook({ target_url: 'https://example.com/webhook' });
      const about = { resource_id: id };
      const [creation] = await entries(about);
      // Times are whole milliseconds, and the next entry is to have another.
      await until('the next millisecond', () => Date.now() > Date.parse(creation!.created_at) + 1);
      (await client.delete(`/webhook/${id}`)).expect(200);
      const [deletion] = await entries(about);
      expect(deletion!.action).toBe('deleted');

      expect(await entries({ ...about, created_after: creation!.created_at })).toEqual([deletion]);
      expect(await entries({ ...about, created_before: deletion!.created_at })).toEqual([creation]);
      const between = { created_after: creation!.created_at, created_before: deletion!.created_at };
      expect(await entries({ ...about, ...between })).toEqual([]);
    });

    it.each([
      ['actor', 'somebody'],
      ['actor', 'ADMIN'],
      ['action', 'painted'],
      ['environment_id', 'nowhere'],
      ['resource_id', '7'],
      ['created_after', 'yesterday'],
      ['created_before', '2021'],
      ['limit', '0'],
    ])('by no %s that is %s', async (name, value) => {
      const error = (await service.admin.get(`/audit?${name}=${value}`)).expectError(400, 'VALIDATION_FAILED');
      expect(error.details?.failures?.map(({ field }) => field)).toEqual([name]);
    });

    it('from no cursor that it did not give', async () => {
      (await service.admin.get('/audit?next_cursor=nonsense')).expectError(400, 'INVALID_CURSOR');
    });

    it('to no API token, whatever its scopes', async () => {
      const { client } = await service.tenant();
      (await client.get('/audit')).expectError(403, 'FORBIDDEN');
    });
  });
});

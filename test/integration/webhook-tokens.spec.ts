import { setTimeout as sleep } from 'node:timers/promises';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { issueApiToken } from '../../src/administration/api-tokens.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { WebhooksApp, type Tenant } from '../support/webhooks-app.js';

/* A token for one webhook lasts as long as that, whatever comes at once. */

/** How long something is watched that is to wait. */
const LOOK_MS = 200;

let database: TestDatabase;
let app: WebhooksApp;
let tenant: Tenant;
let webhookId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await WebhooksApp.start(database.dataSource);
});

afterAll(async () => {
  await app?.close();
  await database?.close();
});

beforeEach(async () => {
  tenant = await app.tenant();
  const created = await tenant.call('POST', '/webhook', { body: { target_url: 'https://example.com/' } });
  webhookId = created.body['id'] as string;
});

function order(): object {
  return { name: 'engineer', environment_id: tenant.environmentId, webhook_id: webhookId };
}

function tokensLeft(): Promise<number> {
  return database.dataSource.manager.countBy(ApiToken, { webhookId });
}

describe('A webhook', () => {
  it('whose deletion has begun lets no token be made for it', async () => {
    const deletion = await database.connectClient();
    await deletion.query('BEGIN');
    await deletion.query('UPDATE webhook SET deleted_at = now(), is_active = false WHERE id = $1', [webhookId]);
    const creation = app.call('POST', '/api-token', { body: order() });
    expect(await Promise.race([creation, sleep(LOOK_MS, 'waits')])).toBe('waits');
    await deletion.query('COMMIT');
    expect((await creation).body).toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    expect(await tokensLeft()).toBe(0);
  });

  it('waits with its deletion for a token that is being made, and deletes it too', async () => {
    const { environmentId } = tenant;
    const { token } = issueApiToken({ name: 'engineer', environmentId, webhookId, expiresAt: null }, new Date());
    let deletion: Promise<{ status: number }>;
    await database.dataSource.transaction(async (manager) => {
      await manager.query('SELECT FROM webhook WHERE id = $1 FOR SHARE', [webhookId]);
      deletion = tenant.call('DELETE', `/webhook/${webhookId}`);
      expect(await Promise.race([deletion, sleep(LOOK_MS, 'waits')])).toBe('waits');
      await manager.insert(ApiToken, token);
    });
    expect((await deletion!).status).toBe(200);
    expect(await tokensLeft()).toBe(0);
  });

  it('and its environment can be deleted at once, with its tokens', async () => {
    await app.call('POST', '/api-token', { body: order() });
    const first = await database.connectClient();
    await first.query('BEGIN');
    await first.query('SELECT FROM webhook WHERE id = $1 FOR UPDATE', [webhookId]);
    const deletion = app.call('DELETE', `/environment/${tenant.environmentId}`);
    expect(await Promise.race([deletion, sleep(LOOK_MS, 'waits')])).toBe('waits');
    // As the deletion of the webhook goes on: in another order than the environment's, each would wait for the other.
    await first.query('DELETE FROM api_token WHERE webhook_id = $1', [webhookId]);
    await first.query('COMMIT');
    expect((await deletion).status).toBe(200);
    expect(await tokensLeft()).toBe(0);
  });

  it('of another environment is missing, byte for byte', async () => {
    const other = await app.tenant();
    const ask = (body: object) => app.call('POST', '/api-token', { body: { ...order(), ...body } });
    const missing = await ask({ webhook_id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' });
    expect(missing.body).toMatchObject({ statusCode: 404, code: 'WEBHOOK_NOT_FOUND' });
    expect((await ask({ environment_id: other.environmentId })).text).toBe(missing.text);
  });
});

describe('A token for one webhook', () => {
  it('is answered in lower case, whatever it was asked for in', async () => {
    const body = { ...order(), webhook_id: webhookId.toUpperCase() };
    const { status, body: token } = await app.call<{ token: string }>('POST', '/api-token', { body });
    expect(status).toBe(201);
    expect(token).toMatchObject({ webhook_id: webhookId });
    const path = `/webhook/${webhookId.toUpperCase()}`;
    expect((await app.call('GET', path, { token: token.token })).body).toMatchObject({ id: webhookId });
  });

  it('is refused what it has no scope for', async () => {
    const body = { ...order(), scopes: ['webhook:read'] };
    const { token } = (await app.call<{ token: string }>('POST', '/api-token', { body })).body;
    expect((await app.call('GET', `/webhook/${webhookId}`, { token })).status).toBe(200);
    const refused = await app.call('PATCH', `/webhook/${webhookId}`, { token, body: { is_active: false } });
    expect(refused.body).toMatchObject({ statusCode: 403, message: 'The token lacks the scope webhook:write' });
    const beyond = await app.call('POST', '/webhook', { token, body: { target_url: 'https://example.com/' } });
    expect(beyond.body).toMatchObject({
      statusCode: 403,
      code: 'FORBIDDEN',
      message: 'The token is for one webhook; this takes a token of the environment',
    });
  });
});

import type { ApiToken, CreatedApiToken, Environment, Me, Page, Webhook } from '../support/client.js';
import { useService } from '../support/process.js';
import { until } from '../support/wait.js';

const SCOPES = ['webhook:read', 'webhook:write', 'event:read', 'event:write', 'delivery:read', 'delivery:write'];
const TARGET = 'https://example.com/webhook';

const service = useService();

describe('environments', () => {
  it('are created, read, renamed and deleted by the admin', async () => {
    const created = (await service.admin.post<Environment>('/environment', { name: 'staging' })).expect(201);
    expect(created.name).toBe('staging');
    const read = await service.admin.get<Environment>(`/environment/${created.id}`);
    expect(read.expect(200)).toEqual(created);
    const renamed = (await service.admin.patch<Environment>(`/environment/${created.id}`, { name: 'test' })).expect(
      200,
    );
    expect(renamed).toEqual({ ...created, name: 'test', updated_at: expect.any(String) });
    const { result } = (await service.admin.get<Page<Environment>>('/environment?limit=1000')).expect(200);
    expect(result).toContainEqual(renamed);
    expect((await service.admin.delete(`/environment/${created.id}`)).expect(200)).toEqual({ id: created.id });
    (await service.admin.get(`/environment/${created.id}`)).expectError(404, 'ENVIRONMENT_NOT_FOUND');
  });

  it('take their tokens and webhooks with them', async () => {
    const { client, environmentId } = await service.tenant();
    await client.createWebhook({ target_url: TARGET });
    (await service.admin.delete(`/environment/${environmentId}`)).expect(200);
    (await client.get('/webhook')).expectError(401, 'UNAUTHORIZED');
    const orphans = await service.admin.get(`/webhook?environment_id=${environmentId}`);
    orphans.expectError(404, 'ENVIRONMENT_NOT_FOUND');
  });

  it('are named by the admin for each request', async () => {
    const { client, environmentId } = await service.tenant();
    const reply = await service.admin.post<Webhook>(`/webhook?environment_id=${environmentId}`, { target_url: TARGET });
    const webhook = reply.expect(201);
    expect(webhook.environment_id).toBe(environmentId);
    (await client.get(`/webhook/${webhook.id}`)).expect(200);
    (await service.admin.get(`/webhook/${webhook.id}?environment_id=${environmentId}`)).expect(200);
    const other = await service.tenant();
    const elsewhere = await service.admin.get(`/webhook/${webhook.id}?environment_id=${other.environmentId}`);
    elsewhere.expectError(404, 'WEBHOOK_NOT_FOUND');
  });

  it('may be named by an API token when it is its own', async () => {
    const { client, environmentId } = await service.tenant();
    (await client.get(`/webhook?environment_id=${environmentId}`)).expect(200);
    (await client.get(`/delivery?environment_id=${environmentId}`)).expect(200);
  });

  it.each([{}, { name: '' }, { name: 7 }, { name: 'x'.repeat(201) }, { name: 'a', id: 'b' }])(
    'are refused for %j',
    async (body) => {
      (await service.admin.post('/environment', body)).expectError(400, 'VALIDATION_FAILED');
    },
  );
});

describe('API tokens', () => {
  it('are created, read and revoked by the admin, and show their secret once', async () => {
    const { environmentId } = await service.tenant();
    const reply = await service.admin.post<CreatedApiToken>('/api-token', {
      name: 'ci',
      environment_id: environmentId,
    });
    const { token, ...rest } = reply.expect(201);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(rest).toMatchObject({ name: 'ci', environment_id: environmentId, expires_at: null, last_used_at: null });
    expect(rest.scopes).toEqual(SCOPES);
    const read = await service.admin.get<ApiToken>(`/api-token/${rest.id}`);
    expect(read.expect(200)).toEqual(rest);
    const list = await service.admin.get<Page<ApiToken>>('/api-token?limit=1000');
    expect(list.expect(200).result).toContainEqual(rest);
    for (const { text } of [read, list]) expect(text).not.toContain(token);
    const client = service.client(token);
    (await client.get('/me')).expect(200);
    expect((await service.admin.delete(`/api-token/${rest.id}`)).expect(200)).toEqual({ id: rest.id });
    (await client.get('/me')).expectError(401, 'UNAUTHORIZED');
    (await service.admin.get(`/api-token/${rest.id}`)).expectError(404, 'API_TOKEN_NOT_FOUND');
  });

  it('tell when they were last used', async () => {
    const { environmentId } = await service.tenant();
    const { id, token } = await service.token(environmentId);
    (await service.client(token).get('/me')).expect(200);
    await until('last_used_at to be noted', async () => {
      const read = await service.admin.get<ApiToken>(`/api-token/${id}`);
      return read.expect(200).last_used_at !== null;
    });
  });

  it('end when they expire', async () => {
    const { environmentId } = await service.tenant();
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const body = { name: 'brief', environment_id: environmentId, expires_at };
    const created = (await service.admin.post<CreatedApiToken>('/api-token', body)).expect(201);
    expect(created.expires_at).toBe(expires_at);
    const client = service.client(created.token);
    expect((await client.get<Me>('/me')).expect(200).expires_at).toBe(expires_at);
    const expired = await until('the token to expire', async () => {
      const reply = await client.get('/me');
      return reply.status === 401 && reply;
    });
    const unknown = await service.client('tidings_never_made').get('/me');
    expect(expired.text).toBe(unknown.text);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at));
  });

  it.each([
    [
      'an unknown environment',
      { name: 'a', environment_id: '01982f6e-0000-7000-8000-000000000000' },
      404,
      'ENVIRONMENT_NOT_FOUND',
    ],
    ['no environment', { name: 'a' }, 400, 'VALIDATION_FAILED'],
    ['an unknown scope', { name: 'a', scopes: ['webhook:all'] }, 400, 'VALIDATION_FAILED'],
    ['a time that is none', { name: 'a', expires_at: 'tomorrow' }, 400, 'VALIDATION_FAILED'],
  ])('are refused for %s', async (_, body, status, code) => {
    const { environmentId } = await service.tenant();
    const needsEnvironment = 'scopes' in body || 'expires_at' in body;
    const complete = needsEnvironment ? { ...body, environment_id: environmentId } : body;
    (await service.admin.post('/api-token', complete)).expectError(status, code);
  });
});

describe('GET /me', () => {
  it('tells an API token who it is', async () => {
    const { environmentId } = await service.tenant();
    const { token } = await service.token(environmentId, ['event:read']);
    const me = (await service.client(token).get<Me>('/me')).expect(200);
    expect(me).toEqual({
      kind: 'api_token',
      name: 'story',
      environment_id: environmentId,
      webhook_id: null,
      scopes: ['event:read'],
      expires_at: null,
    });
  });

  it('tells the admin who it is', async () => {
    const me = (await service.admin.get<Me>('/me')).expect(200);
    expect(me).toEqual({
      kind: 'admin',
      name: null,
      environment_id: null,
      webhook_id: null,
      scopes: SCOPES,
      expires_at: null,
    });
  });
});

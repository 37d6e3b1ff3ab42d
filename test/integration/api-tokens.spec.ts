import { jest } from '@jest/globals';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { hashToken } from '../../src/auth/bearer-token.js';
import { SCOPES } from '../../src/auth/principal.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { type Answer, type AuthApp, createAuthApp } from '../support/auth-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const MISSING = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61';
const FIELDS = ['id', 'name', 'environment_id', 'webhook_id', 'scopes', 'expires_at', 'last_used_at', 'created_at'];

let database: TestDatabase;
let app: AuthApp;
let environmentId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await createAuthApp(database.dataSource);
  environmentId = await newEnvironmentId();
});

afterAll(async () => {
  await app?.close();
  await database?.close();
});

async function newEnvironmentId(): Promise<string> {
  return (await app.call('POST', '/environment', { body: { name: 'tests', allow_duplicate_name: true } })).body.id;
}

function create(order: object = {}): Promise<Answer> {
  return app.call('POST', '/api-token', { body: { name: 'orders', environment_id: environmentId, ...order } });
}

describe('POST /api-token', () => {
  it('answers 201 with the token, this once, not to be kept by caches', async () => {
    const { status, headers, body } = await create();
    expect(status).toBe(201);
    expect(Object.keys(body)).toEqual([...FIELDS, 'token']);
    expect(body).toMatchObject({
      name: 'orders',
      environment_id: environmentId,
      webhook_id: null,
      scopes: [...SCOPES],
      expires_at: null,
      last_used_at: null,
    });
    expect(body.token).toMatch(/^tdg_[\w-]{43}$/);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['location']).toBe(`/api-token/${body.id}`);

    const { token, ...rest } = body;
    const read = await app.call('GET', headers['location'] as string);
    expect(read.body).toEqual(rest);
    expect(read.text).not.toContain(token);
  });

  it('stores the hash of the token and nothing that leads back to it', async () => {
    const { body } = await create();
    const row = await database.dataSource.manager.findOneByOrFail(ApiToken, { id: body.id });
    expect(row.tokenHash).toEqual(hashToken(body.token));
    expect(JSON.stringify(row)).not.toContain(body.token.slice(4));
  });

  it('takes scopes, each once in the documented order, and an expiry in any offset', async () => {
    const { body } = await create({
      scopes: ['event:write', 'webhook:read', 'event:write'],
      expires_at: '2999-01-01T00:00:00+02:00',
      environment_id: environmentId.toUpperCase(),
    });
    expect(body).toMatchObject({
      scopes: ['webhook:read', 'event:write'],
      expires_at: '2998-12-31T22:00:00.000Z',
      environment_id: environmentId,
    });
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ environment_id: 'default' }, 'environment_id'],
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['webhook:read', 'webhook:delete'] }, 'scopes.1'],
    [{ expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
    [{ expires_at: '2999-01-01' }, 'expires_at'],
    [{ expires_at: null }, 'expires_at'],
    [{ webhook_id: null }, 'webhook_id'],
    [{ webhook_id: 'mine' }, 'webhook_id'],
    [{ webhook_id: MISSING, scopes: ['webhook:read', 'event:read'] }, 'scopes.1'],
    [{ token: 'tdg_mine' }, 'token'],
  ])('refuses %j', async (order, field) => {
    const { status, body } = await create(order);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.failures.map((failure) => failure.field)).toEqual([field]);
  });

  it('takes an expiry from the next millisecond of the database on, whatever its offset', async () => {
    const clock = jest.spyOn(DatabaseClock.prototype, 'nowMs').mockReturnValue(Date.parse('2021-06-01T12:00:00Z'));
    try {
      for (const [expires_at, expected] of [
        ['2021-06-01T12:00:00.000Z', 400],
        ['2021-06-01T12:00:00.001Z', 201],
        ['2021-06-01T12:30:00+01:00', 400],
        ['2021-06-01T11:30:00-01:00', 201],
      ] as const) {
        const { status } = await create({ expires_at });
        expect([expires_at, status]).toEqual([expires_at, expected]);
      }
    } finally {
      clock.mockRestore();
    }
  });

  it('says which scopes a token of one webhook cannot hold, and which it can', async () => {
    const { body } = await create({ webhook_id: MISSING, scopes: ['event:write', 'webhook:read', 'event:read'] });
    const can = 'a token of one webhook can hold webhook:read, webhook:write, delivery:read, delivery:write';
    expect(body.details.failures).toEqual([
      { field: 'scopes.0', message: `must not be event:write with webhook_id: ${can}` },
      { field: 'scopes.2', message: `must not be event:read with webhook_id: ${can}` },
    ]);
  });

  it('needs a webhook of the environment where it names one', async () => {
    app.contents.webhooks.add(`${await newEnvironmentId()} ${MISSING}`);
    const { status, body } = await create({ webhook_id: MISSING });
    expect([status, body.code]).toEqual([404, 'WEBHOOK_NOT_FOUND']);
    const nowhere = await create({ webhook_id: MISSING, environment_id: MISSING });
    expect(nowhere.body.code).toBe('ENVIRONMENT_NOT_FOUND');
  });

  it('needs an environment that exists', async () => {
    const deleted = await newEnvironmentId();
    await app.call('DELETE', `/environment/${deleted}`);
    for (const environment_id of [MISSING, deleted]) {
      const { status, body } = await create({ environment_id });
      expect([status, body.code]).toEqual([404, 'ENVIRONMENT_NOT_FOUND']);
    }
  });
});

describe('GET /api-token', () => {
  it('lists newest first without tokens, of one environment when that is asked for', async () => {
    const own = await newEnvironmentId();
    const { body: older } = await create({ environment_id: own });
    const { body: newer } = await create({ environment_id: own });
    const { body: elsewhere } = await create();
    // Two of one millisecond have no order but that of their ids.
    const newestFirst = [older.id, newer.id, elsewhere.id].sort().reverse();
    const { body, text } = await app.call('GET', `/api-token?environment_id=${own.toUpperCase()}`);
    expect(body.result.map(({ id }) => id)).toEqual(newestFirst.filter((id) => id !== elsewhere.id));
    expect(Object.keys(body.result[0]!)).toEqual(FIELDS);
    expect(text).not.toContain(newer.token);

    const all = await app.call('GET', '/api-token?limit=1');
    expect(all.body.result[0]!.id).toBe(newestFirst[0]);
    const next = await app.call('GET', `/api-token?limit=1&next_cursor=${all.body.next_cursor}`);
    expect(next.body.result[0]!.id).toBe(newestFirst[1]);
  });

  it.each(['environment_id=x', `environment_id=${MISSING}&environment_id=${MISSING}`, 'limit=0'])(
    'refuses %s',
    async (query) => {
      expect((await app.call('GET', `/api-token?${query}`)).status).toBe(400);
    },
  );
});

describe('DELETE /api-token/{id}', () => {
  it('answers the id, and the token is refused from then on', async () => {
    const { body } = await create();
    expect((await app.call('GET', '/me', { token: body.token })).status).toBe(200);
    const deleted = await app.call('DELETE', `/api-token/${body.id}`);
    expect([deleted.status, deleted.body]).toEqual([200, { id: body.id }]);
    expect((await app.call('GET', '/me', { token: body.token })).status).toBe(401);
  });
});

describe('A token that is missing, revoked or has a malformed id', () => {
  it.each(['GET', 'DELETE'] as const)('gets one answer to %s', async (method) => {
    const { body: revoked } = await create();
    await app.call('DELETE', `/api-token/${revoked.id}`);
    const answers = await Promise.all(
      [MISSING, revoked.id, 'nonsense'].map((id) => app.call(method, `/api-token/${id}`)),
    );
    for (const { status, body, text } of answers) {
      expect([status, body.code]).toEqual([404, 'API_TOKEN_NOT_FOUND']);
      expect(text).toBe(answers[0]!.text);
    }
  });
});

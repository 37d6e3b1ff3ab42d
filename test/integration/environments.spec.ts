import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueApiToken } from '../../src/administration/api-tokens.service.js';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { EnvironmentDirectory } from '../../src/auth/environment-directory.js';
import { holdEnvironment } from '../../src/auth/hold-environment.js';
import { Environment } from '../../src/auth/environment.entity.js';
import { type Answer, type AuthApp, createAuthApp } from '../support/auth-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const MISSING = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61';

/** How long a request that must wait is watched waiting. */
const LOOK_MS = 100;

let database: TestDatabase;
let app: AuthApp;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await createAuthApp(database.dataSource);
});

afterAll(async () => {
  await app?.close();
  await database?.close();
});

function create(name: string): Promise<Answer> {
  return app.call('POST', '/environment', { body: { name } });
}

async function createdId(name: string): Promise<string> {
  const body = { name, allow_duplicate_name: true };
  return (await app.call('POST', '/environment', { body })).body.id;
}

describe('POST /environment', () => {
  it('answers 201 with the environment and where it is', async () => {
    const { status, headers, body } = await create('Production 🙂');
    expect(status).toBe(201);
    expect(Object.keys(body)).toEqual(['id', 'name', 'created_at', 'updated_at']);
    expect(body['name']).toBe('Production 🙂');
    expect(body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body.updated_at).toBe(body.created_at);
    expect(headers['location']).toBe(`/environment/${body.id}`);
    expect((await app.call('GET', headers['location'] as string)).body).toEqual(body);
  });

  it('takes a name of 200 characters beyond the basic plane', async () => {
    expect((await create('🙂'.repeat(200))).status).toBe(201);
  });

  it.each([[''], ['a'.repeat(201)], [`${'a'.repeat(200)}\ufe0f`], ['a\0b'], [null], [7], [['a']]])(
    'refuses the name %j',
    async (name) => {
      const { status, body } = await app.call('POST', '/environment', { body: { name } });
      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body.details.failures).toMatchObject([{ field: 'name' }]);
    },
  );

  it('names what is missing and what it does not know', async () => {
    const { body } = await app.call('POST', '/environment', { body: { title: 'x' } });
    expect(body.details.failures.map(({ field }) => field).sort()).toEqual(['name', 'title']);
  });
});

describe('the name of an environment', () => {
  const rename = (id: string, body: object): Promise<Answer> => app.call('PATCH', `/environment/${id}`, { body });
  const named = async (name: string): Promise<number> =>
    (await app.call('GET', '/environment?limit=1000')).body.result.filter((item) => item['name'] === name).length;

  it("is one environment's, of whom the refusal tells, until that is deleted", async () => {
    const id = await createdId('taken');
    const { status, body } = await create('taken');
    expect([status, body.code, body.details]).toEqual([409, 'ENVIRONMENT_NAME_TAKEN', { environment_id: id }]);
    expect((await create('Taken')).status).toBe(201);
    await app.call('DELETE', `/environment/${id}`);
    expect((await create('taken')).status).toBe(201);
  });

  it('is shared where that is asked for', async () => {
    await create('shared');
    const body = { name: 'shared', allow_duplicate_name: true };
    expect((await app.call('POST', '/environment', { body })).status).toBe(201);
    const declined = { name: 'shared', allow_duplicate_name: false };
    expect((await app.call('POST', '/environment', { body: declined })).status).toBe(409);
    const unclear = { name: 'shared', allow_duplicate_name: 'yes' };
    expect((await app.call('POST', '/environment', { body: unclear })).status).toBe(400);
    expect(await named('shared')).toBe(2);
  });

  it('is refused to one that is renamed, too, but for its own and by request', async () => {
    await create('first');
    const id = await createdId('second');
    expect((await rename(id, { name: 'first' })).body.code).toBe('ENVIRONMENT_NAME_TAKEN');
    expect((await rename(id, { name: 'second' })).status).toBe(200);
    expect((await rename(id, { name: 'first', allow_duplicate_name: true })).status).toBe(200);
    expect((await rename(id, { name: 'first' })).status).toBe(200);
    expect((await rename(randomUUID(), { name: 'first' })).status).toBe(404);
  });

  it('is given once to many who ask at once, whether they make an environment or rename one', async () => {
    const ids = await Promise.all(['r1', 'r2', 'r3'].map((name) => createdId(name)));
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => create('raced')),
      ...ids.map((id) => rename(id, { name: 'raced' })),
    ]);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    expect(await named('raced')).toBe(1);
  });
});

describe('GET /environment', () => {
  it('lists newest first, page by page, and stays stable while environments are added', async () => {
    const ids = [await createdId('a'), await createdId('b'), await createdId('c')];
    const first = await app.call('GET', '/environment?limit=2');
    expect(first.body['limit']).toBe(2);
    await create('d');
    const second = await app.call('GET', `/environment?limit=1&next_cursor=${first.body.next_cursor}`);
    const listed = [...first.body.result, ...second.body.result].map(({ id }) => id);
    expect(listed).toEqual(ids.sort().reverse());
  });
});

describe('PATCH /environment/{id}', () => {
  it('renames, and says when', async () => {
    const { body: before } = await create('before');
    const { status, body } = await app.call('PATCH', `/environment/${before.id}`, { body: { name: 'after' } });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, name: 'after', updated_at: body.updated_at });
    expect(body.updated_at >= before.updated_at).toBe(true);
  });

  it('without a member changes nothing', async () => {
    const { body: before } = await create('same');
    expect((await app.call('PATCH', `/environment/${before.id}`, { body: {} })).body).toEqual(before);
  });

  it('refuses null for a name', async () => {
    expect((await app.call('PATCH', `/environment/${await createdId('x')}`, { body: { name: null } })).status).toBe(
      400,
    );
  });
});

describe('DELETE /environment/{id}', () => {
  it('answers the id; the environment is gone from every read, with its tokens', async () => {
    const id = await createdId('doomed');
    const token = await app.call('POST', '/api-token', { body: { name: 't', environment_id: id } });
    const neighbour = await createdId('neighbour');
    const kept = await app.call('POST', '/api-token', { body: { name: 't', environment_id: neighbour } });
    expect((await app.call('GET', '/me', { token: token.body.token })).status).toBe(200);

    const { status, body } = await app.call('DELETE', `/environment/${id}`);
    expect([status, body]).toEqual([200, { id }]);

    expect((await app.call('GET', '/me', { token: token.body.token })).status).toBe(401);
    expect((await app.call('GET', '/me', { token: kept.body.token })).status).toBe(200);
    expect((await app.call('GET', `/api-token/${token.body.id}`)).status).toBe(404);
    const { body: page } = await app.call('GET', '/environment?limit=1000');
    expect(page.result.map((item) => item.id)).not.toContain(id);
    expect(await app.nest.get(EnvironmentDirectory).has(id)).toBe(false);
    expect(await database.dataSource.manager.existsBy(Environment, { id })).toBe(true);
  });

  it('removes what lives in it in the same transaction and settles that after the commit', async () => {
    const id = await createdId('full');
    app.contents.calls.length = 0;
    await app.call('DELETE', `/environment/${id}`);
    expect(app.contents.calls).toEqual([`removed ${id} by admin`, `settled ${id}, transaction open: false`]);
  });

  it('changes nothing when what lives in it cannot be removed', async () => {
    const id = await createdId('stubborn');
    await app.call('POST', '/api-token', { body: { name: 't', environment_id: id } });
    app.contents.failure = new Error('still in use');
    const { status } = await app.call('DELETE', `/environment/${id}`);
    app.contents.failure = null;
    expect(status).toBe(500);
    expect((await app.call('GET', `/environment/${id}`)).status).toBe(200);
    expect(await database.dataSource.manager.countBy(ApiToken, { environmentId: id })).toBe(1);
  });

  it('that has begun lets no token be made', async () => {
    const id = await createdId('raced');
    const deletion = await database.connectClient();
    await deletion.query('BEGIN');
    await deletion.query('UPDATE environment SET deleted_at = now() WHERE id = $1', [id]);
    const creation = app.call('POST', '/api-token', { body: { name: 't', environment_id: id } });
    expect(await Promise.race([creation, sleep(LOOK_MS, 'waits')])).toBe('waits');
    await deletion.query('COMMIT');
    expect((await creation).body.code).toBe('ENVIRONMENT_NOT_FOUND');
  });

  it('waits for a token that is being made, and deletes it too', async () => {
    const id = await createdId('raced');
    const { token } = issueApiToken({ name: 't', environmentId: id, webhookId: null, expiresAt: null }, new Date());
    let deletion: Promise<Answer>;
    await database.dataSource.transaction(async (manager) => {
      expect(await holdEnvironment(manager, id, 'shared')).toBe(true);
      deletion = app.call('DELETE', `/environment/${id}`);
      expect(await Promise.race([deletion, sleep(LOOK_MS, 'waits')])).toBe('waits');
      await manager.insert(ApiToken, token);
    });
    expect((await deletion!).status).toBe(200);
    expect(await database.dataSource.manager.countBy(ApiToken, { environmentId: id })).toBe(0);
  });
});

describe('An environment that is missing, deleted or has a malformed id', () => {
  it.each(['GET', 'PATCH', 'DELETE'] as const)('gets one answer to %s', async (method) => {
    const deleted = await createdId('deleted');
    await app.call('DELETE', `/environment/${deleted}`);
    const options = method === 'PATCH' ? { body: { name: 'x' } } : {};
    const answers = await Promise.all(
      [MISSING, deleted, 'nonsense', `${MISSING}0`].map((id) => app.call(method, `/environment/${id}`, options)),
    );
    for (const { status, body, text } of answers) {
      expect([status, body.code]).toEqual([404, 'ENVIRONMENT_NOT_FOUND']);
      expect(text).toBe(answers[0]!.text);
    }
  });
});

describe('Holding an environment', () => {
  it.each(['shared', 'exclusive'] as const)('finds one that exists and no deleted one: %s', async (lock) => {
    const id = await createdId('held');
    const held = (): Promise<boolean> =>
      database.dataSource.transaction((manager) => holdEnvironment(manager, id, lock));
    expect(await held()).toBe(true);
    await app.call('DELETE', `/environment/${id}`);
    expect(await held()).toBe(false);
  });
});

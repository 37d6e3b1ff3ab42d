import { randomBytes, randomUUID } from 'node:crypto';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { type TestReplica, startReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { leastBodyOf, namesResource, OPERATIONS } from '../support/operations.js';
import { recordStatements } from '../support/statements.js';
import { until } from '../support/wait.js';

/* Answers that are alike cost alike: who measures them learns no more than who reads them. */

let database: TestDatabase;
let replica: TestReplica;

beforeAll(async () => {
  database = await createTestDatabase();
  replica = await startReplica(database);
});

afterAll(async () => {
  await replica?.close();
  await database?.close();
});

async function newEnvironment(): Promise<string> {
  return (
    await replica.call<{ id: string }>('POST', '/environment', { body: { name: 'story', allow_duplicate_name: true } })
  ).body.id;
}

async function newToken(environmentId: string, fields: object = {}): Promise<{ id: string; token: string }> {
  const body = { name: 'story', environment_id: environmentId, ...fields };
  return (await replica.call<{ id: string; token: string }>('POST', '/api-token', { body })).body;
}

/** The answer to a request by this token, without what differs from answer to answer. */
async function answerTo(method: string, url: string, token: string, body?: object) {
  const { statusCode, headers, payload } = await replica.nest.inject({
    method: method as 'GET',
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { payload: body }),
  });
  const { date: _date, 'x-request-id': _id, ...kept } = headers;
  return { status: statusCode, headers: kept, text: payload };
}

async function ask(...request: Parameters<typeof answerTo>) {
  const { result: answer, statements } = await recordStatements(() => answerTo(...request));
  return { answer, statements };
}

describe('A token that is not valid', () => {
  it('costs the same, however often it is tried and whatever is wrong with it', async () => {
    const environmentId = await newEnvironment();
    const revoked = await newToken(environmentId);
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const expired = await newToken(environmentId, { expires_at: expiresAt });
    for (const { token } of [revoked, expired]) expect((await ask('GET', '/me', token)).answer.status).toBe(200);
    await replica.call('DELETE', `/api-token/${revoked.id}`);
    await until('the token to expire', async () => (await ask('GET', '/me', expired.token)).answer.status === 401);

    const unknown = await ask('GET', '/me', `tdg_${randomBytes(32).toString('base64url')}`);
    expect(unknown.answer.status).toBe(401);
    expect(unknown.statements).toEqual([expect.stringMatching(/^SELECT .* FROM "api_token" .*"token_hash"/)]);
    // A second time at once, when something might be remembered.
    for (const token of [revoked.token, revoked.token, expired.token, expired.token]) {
      expect(await ask('GET', '/me', token)).toEqual(unknown);
    }
  });
});

describe('A valid token', () => {
  it('costs one look-up in three quarters of a second and writes its last use once a minute, however often it is used', async () => {
    const { id, token } = await newToken(await newEnvironment());
    const startedAtMs = Date.now();
    let tookMs = 0;
    const { statements } = await recordStatements(async () => {
      for (let used = 0; used < 50; used += 1) await answerTo('GET', '/me', token);
      tookMs = Date.now() - startedAtMs;
      await until('the last use to be written', async () => {
        const { body } = await replica.call<{ last_used_at: string | null }>('GET', `/api-token/${id}`);
        return body.last_used_at !== null;
      });
    });
    const lookUps = statements.filter((statement) => statement.includes('"token_hash" = '));
    expect(lookUps.length).toBeGreaterThan(0);
    expect(lookUps.length).toBeLessThanOrEqual(1 + tookMs / 750);
    const writes = statements.filter((statement) => statement.startsWith('UPDATE'));
    expect(writes).toEqual([expect.stringContaining('"last_used_at"')]);
  });
});

describe('An id of another environment', () => {
  const names = Object.keys(OPERATIONS).filter((name) => namesResource(name) && OPERATIONS[name] !== 'admin');

  it.each(names)('costs what a missing one does: %s', async (name) => {
    const [method, template] = name.split(' ') as [string, string];
    const [own, other] = [await newEnvironment(), await newEnvironment()];
    const { token } = await newToken(own);
    const webhook = { target_url: 'https://127.0.0.1:1024/' };
    const created = await replica.call<{ id: string }>('POST', '/webhook', { environmentId: other, body: webhook });
    const event = { event_type: 'record:created', payload: {} };
    const published = await replica.call<{ id: string }>('POST', '/event', { environmentId: other, body: event });
    const list = await replica.call<{ result: { id: string }[] }>('GET', '/delivery', { environmentId: other });
    const foreign: Record<string, string> = {
      webhook: created.body.id,
      event: published.body.id,
      delivery: list.body.result[0]!.id,
    };
    const foreignId = foreign[/^\w+ \/([a-z]+)/.exec(name)![1]!]!;
    const askFor = async (id: string) =>
      ask(method, template.replace('{id}', id), token, leastBodyOf(name, { webhookId: id }));

    // The first request also looks the token up and notes its use.
    await askFor(uuidV7());
    const missing = await askFor(uuidV7());
    expect(missing.answer.status).toBe(404);
    expect(missing.statements.length).toBeGreaterThan(0);
    expect(await askFor(foreignId)).toEqual(missing);
    expect(await askFor(randomUUID())).toEqual(missing);
  });
});

import { randomUUID } from 'node:crypto';
import { WebhookRevision } from '../../src/webhooks/webhook-revision.entity.js';
import { WebhookSecret } from '../../src/webhooks/secrets/webhook-secret.entity.js';
import { Webhook } from '../../src/webhooks/webhook.entity.js';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { SecretVault } from '../../src/webhooks/secrets/secret-vault.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Answer, type Tenant, WebhooksApp } from '../support/webhooks-app.js';
import { recordHealth, takeDown } from '../support/delivery-fixtures.js';

const TARGET = 'https://example.com/webhook';
const SEVEN = ['id', 'target_url', 'is_active', 'environment_id', 'event_types', 'created_at', 'updated_at'];

interface WebhookBody {
  id: string;
  target_url: string;
  is_active: boolean;
  environment_id: string;
  event_types: string[];
  created_at: string;
  updated_at: string;
  secret: string;
}

interface ErrorBody {
  code: string;
  message: string;
  details: { failures: { field: string; message: string }[]; rule: string };
}

let database: TestDatabase;
let app: WebhooksApp;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await WebhooksApp.start(database.dataSource);
});
beforeEach(async () => {
  tenant = await app.tenant();
  app.deliveryControl.clear();
});
afterAll(async () => {
  await app?.close();
  await database?.close();
});

async function create(body: object = { target_url: TARGET }): Promise<WebhookBody> {
  const answer = await tenant.call<WebhookBody>('POST', '/webhook', { body });
  expect(answer.status).toBe(201);
  return answer.body;
}

function patch(id: string, body: object): Promise<Answer<WebhookBody>> {
  return tenant.call<WebhookBody>('PATCH', `/webhook/${id}`, { body });
}

function rowOf(id: string): Promise<Webhook> {
  return database.dataSource.manager.findOneByOrFail(Webhook, { id });
}

function revisionsOf(webhookId: string): Promise<WebhookRevision[]> {
  return database.dataSource.manager.find(WebhookRevision, { where: { webhookId }, order: { revision: 'ASC' } });
}

function secretsOf(webhookId: string): Promise<WebhookSecret[]> {
  return database.dataSource.manager.findBy(WebhookSecret, { webhookId });
}

describe('POST /webhook', () => {
  it('answers 201 with the eight fields, where it is, and that nobody may store it', async () => {
    const { status, headers, body } = await tenant.call<WebhookBody>('POST', '/webhook', {
      body: {
        target_url: TARGET,
        is_active: true,
        event_types: ['record:updated', 'record:created', 'record:updated'],
      },
    });
    expect(status).toBe(201);
    expect(Object.keys(body)).toEqual([...SEVEN, 'secret']);
    expect(body).toMatchObject({
      target_url: TARGET,
      is_active: true,
      environment_id: tenant.environmentId,
      event_types: ['record:updated', 'record:created'],
      updated_at: body.created_at,
    });
    expect(body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body.secret).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(headers['location']).toBe(`/webhook/${body.id}`);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('stores that all types are meant, and lists those of today', async () => {
    const { id, event_types } = await create();
    expect(event_types).toEqual(EVENT_TYPE_NAMES);
    expect((await rowOf(id)).eventTypes).toBeNull();
  });

  it('keeps the target as it was sent', async () => {
    const target = 'https://Example.COM:443/a/../b?q=%7e&empty=';
    const { id, target_url } = await create({ target_url: target });
    expect(target_url).toBe(target);
    expect((await tenant.call<WebhookBody>('GET', `/webhook/${id}`)).body.target_url).toBe(target);
  });

  it('seals the secret, so that no table shows it', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { body } = await tenant.call<WebhookBody>('POST', '/webhook', { body: { target_url: TARGET }, headers });
    const [secret] = await secretsOf(body.id);
    const binding = { environmentId: tenant.environmentId, webhookId: body.id, secretId: secret!.id };
    const sealed = { keyId: secret!.keyId!, ciphertext: secret!.ciphertext! };
    expect(app.nest.get(SecretVault).open(sealed, binding)).toBe(body.secret);
    expect(secret!.expiresAt).toBeNull();

    const tables = await database.dataSource.query<{ name: string }[]>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    const dump = await Promise.all(
      tables.map(({ name }) => database.dataSource.query<unknown[]>(`SELECT t::text FROM "${name}" t`)),
    );
    const text = JSON.stringify(dump);
    expect(text).toContain(body.id);
    expect(text).not.toContain(body.secret);
    expect(text).not.toContain(Buffer.from(body.secret).toString('hex'));
  });

  it('logs the first revision with who made it', async () => {
    const { id, created_at } = await create({ target_url: TARGET, event_types: ['record:created'] });
    expect(await revisionsOf(id)).toEqual([
      {
        environmentId: tenant.environmentId,
        webhookId: id,
        revision: 1,
        targetUrl: TARGET,
        isActive: true,
        eventTypes: ['record:created'],
        isDeleted: false,
        changedBy: tenant.tokenId,
        changedAt: new Date(created_at),
      },
    ]);
    expect(app.deliveryControl.applied).toEqual([]);
  });

  it('may be told to be inactive from the start', async () => {
    const { id, is_active, created_at } = await create({ target_url: TARGET, is_active: false });
    expect(is_active).toBe(false);
    expect(await rowOf(id)).toMatchObject({ disabledReason: 'manual', disabledAt: new Date(created_at) });
  });

  it('acts for the admin in the environment that the query names', async () => {
    const { body } = await app.call<WebhookBody>('POST', `/webhook?environment_id=${tenant.environmentId}`, {
      body: { target_url: TARGET },
    });
    expect(body.environment_id).toBe(tenant.environmentId);
    expect((await revisionsOf(body.id)).map(({ changedBy }) => changedBy)).toEqual(['admin']);
  });

  it('accepts its own environment in the body and refuses another', async () => {
    const own = { target_url: TARGET, environment_id: tenant.environmentId.toUpperCase() };
    expect((await create(own)).environment_id).toBe(tenant.environmentId);

    const body = { target_url: TARGET, environment_id: (await app.tenant()).environmentId };
    const { status, body: error } = await tenant.call<ErrorBody>('POST', '/webhook', { body });
    expect([status, error.code]).toEqual([400, 'ENVIRONMENT_MISMATCH']);
  });

  it.each([
    ['address', 'https://10.0.0.1/'],
    ['credentials', 'https://user:pass@example.com/'],
    ['length', `https://example.com/${'a'.repeat(2048)}`],
    ['fragment', 'https://example.com/\u00e9#top'],
    ['scheme', ''],
  ])('refuses a target that breaks the rule "%s", which it names', async (rule, target_url) => {
    const { status, body } = await tenant.call<ErrorBody>('POST', '/webhook', { body: { target_url } });
    expect([status, body.code]).toEqual([400, 'TARGET_URL_NOT_ALLOWED']);
    expect(body.message).toContain(rule);
    expect(body.details).toMatchObject({ rule, failures: [{ field: 'target_url' }] });
    expect((await tenant.call<{ result: unknown[] }>('GET', '/webhook')).body.result).toEqual([]);
  });

  it('takes a target of 2,048 characters', async () => {
    const target = `${TARGET}/`.padEnd(2048, 'a');
    expect((await create({ target_url: target })).target_url).toBe(target);
  });

  it.each([
    [{ target_url: TARGET, event_types: [] }, 'event_types'],
    [{ target_url: TARGET, event_types: ['record:created', 'record:gone'] }, 'event_types.1'],
    [{ target_url: TARGET, is_active: 'false' }, 'is_active'],
    [{ target_url: TARGET, secret: 'mine' }, 'secret'],
    [{ target_url: `${TARGET}/\ud800` }, 'target_url'],
  ])('refuses %j by name', async (body, field) => {
    const answer = await tenant.call<ErrorBody>('POST', '/webhook', { body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.details.failures).toMatchObject([{ field }]);
  });
});

describe('GET /webhook', () => {
  interface Page {
    result: WebhookBody[];
    next_cursor: string | null;
    limit: number;
  }

  it('pages newest first, unmoved by webhooks that come meanwhile', async () => {
    const created: string[] = [];
    for (let n = 0; n < 5; n++) created.unshift((await create()).id);
    const first = await tenant.call<Page>('GET', '/webhook?limit=2');
    await create();
    const second = await tenant.call<Page>('GET', `/webhook?limit=2&next_cursor=${first.body.next_cursor}`);
    const third = await tenant.call<Page>('GET', `/webhook?limit=2&next_cursor=${second.body.next_cursor}`);
    const pages = [first, second, third].map(({ body }) => body);
    expect(pages.flatMap(({ result }) => result.map(({ id }) => id))).toEqual(created);
    expect(pages.map(({ limit }) => limit)).toEqual([2, 2, 2]);
    expect(third.body.next_cursor).toBeNull();
  });

  it('filters by is_active and shows its own environment alone', async () => {
    const active = await create();
    const inactive = await create({ target_url: TARGET, is_active: false });
    const other = await app.tenant();
    await other.call('POST', '/webhook', { body: { target_url: TARGET } });
    const ids = async (query: string): Promise<string[]> =>
      (await tenant.call<Page>('GET', `/webhook${query}`)).body.result.map(({ id }) => id);
    expect(await ids('?is_active=true')).toEqual([active.id]);
    expect(await ids('?is_active=false')).toEqual([inactive.id]);
    expect(await ids(`?environment_id=${tenant.environmentId}`)).toEqual([inactive.id, active.id]);
  });

  it('filters by what has failed since it last succeeded, together with the other filters and page by page', async () => {
    const [healthy, down, failing, healed, paused] = [
      await create(),
      await create(),
      await create({ target_url: TARGET, is_active: false }),
      await create(),
      await create(),
    ];
    await takeDown(database.dataSource, down.id);
    await recordHealth(database.dataSource, failing.id, { failures: 1 });
    await takeDown(database.dataSource, healed.id);
    await recordHealth(database.dataSource, healed.id, { successes: 1 });
    await recordHealth(database.dataSource, paused.id, { pauseMs: 60_000 });
    const ids = async (query: string): Promise<string[]> =>
      (await tenant.call<Page>('GET', `/webhook?${query}`)).body.result.map(({ id }) => id);
    expect(await ids('failing=true')).toEqual([failing.id, down.id]);
    expect(await ids('failing=false')).toEqual([paused.id, healed.id, healthy.id]);
    expect(await ids('failing=true&is_active=true')).toEqual([down.id]);
    const { body } = await tenant.call<Page>('GET', '/webhook?failing=true&limit=1');
    expect(await ids(`failing=true&limit=1&next_cursor=${body.next_cursor}`)).toEqual([down.id]);
    const refused = await tenant.call<ErrorBody>('GET', '/webhook?failing=yes');
    expect(refused.body.details.failures).toEqual([{ field: 'failing', message: 'must be true or false' }]);
  });

  it('shows no secret, in the list nor alone', async () => {
    const { secret, ...seven } = await create();
    const list = await tenant.call<Page>('GET', '/webhook');
    const one = await tenant.call('GET', `/webhook/${seven.id}`);
    expect(list.body).toEqual({ result: [seven], next_cursor: null, limit: 100 });
    expect(one.body).toEqual(seven);
    expect(list.text + one.text).not.toContain(secret);
  });
});

describe('PATCH /webhook/{id}', () => {
  it('changes what it names, with a new revision by who changed it', async () => {
    const { secret: _, ...created } = await create({ target_url: TARGET, event_types: ['record:created'] });
    const { status, body } = await patch(created.id, { event_types: ['record:deleted', 'record:deleted'] });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(SEVEN);
    expect(body).toEqual({ ...created, event_types: ['record:deleted'], updated_at: body.updated_at });
    expect(Date.parse(body.updated_at)).toBeGreaterThan(Date.parse(created.updated_at));
    expect((await tenant.call('GET', `/webhook/${created.id}`)).body).toEqual(body);

    const [, second, ...more] = await revisionsOf(created.id);
    expect(more).toEqual([]);
    expect(second).toMatchObject({
      revision: 2,
      eventTypes: ['record:deleted'],
      changedBy: tenant.tokenId,
      changedAt: new Date(body.updated_at),
    });
    expect(app.deliveryControl.applied).toEqual([]);
  });

  it('subscribes to all types with null', async () => {
    const { id } = await create({ target_url: TARGET, event_types: ['record:created'] });
    expect((await patch(id, { event_types: null })).body.event_types).toEqual(EVENT_TYPE_NAMES);
    expect((await rowOf(id)).eventTypes).toBeNull();
  });

  it.each([[{}], [{ target_url: TARGET }], [{ event_types: ['record:created'] }]])(
    'makes no revision of %j, which changes nothing',
    async (body) => {
      const { secret: _, ...created } = await create({ target_url: TARGET, event_types: ['record:created'] });
      const answer = await patch(created.id, body);
      expect([answer.status, answer.body]).toEqual([200, created]);
      expect(await revisionsOf(created.id)).toHaveLength(1);
      expect(app.deliveryControl.applied).toEqual([]);
    },
  );

  it('starts the endpoint afresh with is_active: true, also when it was active, and makes no revision then', async () => {
    const { secret: _, ...created } = await create({ target_url: TARGET });
    expect((await patch(created.id, { is_active: true })).body).toEqual(created);
    expect(await revisionsOf(created.id)).toHaveLength(1);
    expect(app.deliveryControl.applied).toEqual([{ kind: 'reactivated', webhookId: created.id, revision: 1 }]);
  });

  it.each([
    ['retargeted', { target_url: TARGET }, { target_url: 'https://example.org/' }],
    ['deactivated', { target_url: TARGET }, { is_active: false }],
    ['reactivated', { target_url: TARGET, is_active: false }, { is_active: true }],
  ])('tells deliveries that it was %s, in the transaction and after it', async (kind, before, change) => {
    const { id } = await create(before);
    expect((await patch(id, change)).body).toMatchObject(change);
    const told = [{ kind, webhookId: id, revision: 2 }];
    expect(app.deliveryControl.applied).toEqual(told);
    expect(app.deliveryControl.settled).toEqual(told);
  });

  it('changes nothing when deliveries cannot follow', async () => {
    const { id } = await create();
    app.deliveryControl.failure = new Error('planted');
    expect((await patch(id, { is_active: false })).status).toBe(500);
    expect(await rowOf(id)).toMatchObject({ isActive: true, revision: 1 });
    expect(await revisionsOf(id)).toHaveLength(1);
    expect(app.deliveryControl.settled).toEqual([]);
  });

  it('records since when a webhook is inactive by hand, and forgets it when it is active again', async () => {
    const { id } = await create();
    const { updated_at } = (await patch(id, { is_active: false })).body;
    expect(await rowOf(id)).toMatchObject({ disabledReason: 'manual', disabledAt: new Date(updated_at) });
    await patch(id, { is_active: true });
    expect(await rowOf(id)).toMatchObject({ disabledReason: null, disabledAt: null });
  });

  it('refuses a bad target and leaves the webhook as it was', async () => {
    const { id } = await create();
    const { status, body } = await tenant.call<ErrorBody>('PATCH', `/webhook/${id}`, {
      body: { target_url: 'https://localhost.internal/', is_active: false },
    });
    expect([status, body.code]).toEqual([400, 'TARGET_URL_NOT_ALLOWED']);
    expect(await rowOf(id)).toMatchObject({ targetUrl: TARGET, isActive: true, revision: 1 });
  });

  it('keeps the milliseconds apart of changes that follow at once', async () => {
    const { id } = await create();
    const times: string[] = [];
    for (const is_active of [false, true, false, true]) times.push((await patch(id, { is_active })).body.updated_at);
    expect(new Set(times).size).toBe(4);
    expect([...times].sort()).toEqual(times);
  });
});

describe('DELETE /webhook/{id}', () => {
  it('wipes the secret, leaves every read, and is logged', async () => {
    const { id } = await create();
    const { status, body } = await tenant.call('DELETE', `/webhook/${id}`);
    expect([status, body]).toEqual([200, { id }]);

    expect(await secretsOf(id)).toMatchObject([{ keyId: null, ciphertext: null }]);
    const row = await rowOf(id);
    expect(row).toMatchObject({ isActive: false, revision: 2, deletedAt: expect.any(Date) });
    expect((await revisionsOf(id))[1]).toMatchObject({
      revision: 2,
      isActive: false,
      isDeleted: true,
      targetUrl: TARGET,
      changedBy: tenant.tokenId,
      changedAt: row.updatedAt,
    });
    const told = [{ kind: 'deleted', webhookId: id, revision: 2 }];
    expect([app.deliveryControl.applied, app.deliveryControl.settled]).toEqual([told, told]);

    expect((await tenant.call<{ result: unknown[] }>('GET', '/webhook')).body.result).toEqual([]);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const again = await tenant.call<ErrorBody>(method, `/webhook/${id}`, {
        body: method === 'PATCH' ? {} : undefined,
      });
      expect([again.status, again.body.code]).toEqual([404, 'WEBHOOK_NOT_FOUND']);
    }
    expect(await revisionsOf(id)).toHaveLength(2);
  });

  it('leaves other webhooks and their secrets alone', async () => {
    const kept = await create();
    const { id } = await create();
    await tenant.call('DELETE', `/webhook/${id}`);
    expect(await rowOf(kept.id)).toMatchObject({ deletedAt: null, isActive: true, revision: 1 });
    expect(await secretsOf(kept.id)).toMatchObject([{ keyId: 'test', ciphertext: expect.any(Buffer) }]);
  });

  it('deletes nothing when deliveries cannot follow', async () => {
    const { id } = await create();
    app.deliveryControl.failure = new Error('planted');
    expect((await tenant.call('DELETE', `/webhook/${id}`)).status).toBe(500);
    expect(await rowOf(id)).toMatchObject({ deletedAt: null, revision: 1 });
    expect(await secretsOf(id)).toMatchObject([{ keyId: 'test' }]);
  });
});

describe('An id that is not to be found', () => {
  it.each(['GET', 'PATCH', 'DELETE'])('answers %s alike when it is foreign, missing or malformed', async (method) => {
    const { id } = await create();
    const other = await app.tenant();
    const options = method === 'PATCH' ? { body: { is_active: false } } : {};
    const answers = await Promise.all(
      [id, randomUUID(), 'no-uuid', '%00'].map((named) => other.call<ErrorBody>(method, `/webhook/${named}`, options)),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]!.body.code).toBe('WEBHOOK_NOT_FOUND');
    expect(await rowOf(id)).toMatchObject({ isActive: true, deletedAt: null, revision: 1 });
  });
});

describe('Disabling a webhook because of its endpoint', () => {
  it.each(['gone', 'failing'] as const)('records %s once, by the system', async (reason) => {
    const { id } = await create();
    const webhooks = app.nest.get(WebhooksService);
    expect(await webhooks.disable(id, 1, reason)).toBe(true);
    expect(await webhooks.disable(id, 2, 'gone')).toBe(false);

    const row = await rowOf(id);
    expect(row).toMatchObject({ isActive: false, disabledReason: reason, disabledAt: row.updatedAt, revision: 2 });
    expect((await revisionsOf(id)).map(({ changedBy }) => changedBy)).toEqual([tenant.tokenId, 'system']);
    const told = [{ kind: 'deactivated', webhookId: id, revision: 2 }];
    expect([app.deliveryControl.applied, app.deliveryControl.settled]).toEqual([told, told]);
  });

  it('is undone by hand', async () => {
    const { id } = await create();
    await app.nest.get(WebhooksService).disable(id, 1, 'failing');
    expect((await patch(id, { is_active: true })).body.is_active).toBe(true);
    expect(await rowOf(id)).toMatchObject({ disabledReason: null, disabledAt: null, revision: 3 });
  });

  it('does nothing to a webhook that has changed since', async () => {
    const { id } = await create();
    await patch(id, { target_url: 'https://example.com/moved' });
    expect(await app.nest.get(WebhooksService).disable(id, 1, 'gone')).toBe(false);
    expect(await rowOf(id)).toMatchObject({ isActive: true, revision: 2 });
  });

  it('does nothing to a webhook that was deleted or never was', async () => {
    const { id } = await create();
    await tenant.call('DELETE', `/webhook/${id}`);
    expect(await app.nest.get(WebhooksService).disable(id, 2, 'gone')).toBe(false);
    expect(await app.nest.get(WebhooksService).disable(randomUUID(), 1, 'gone')).toBe(false);
    expect(await revisionsOf(id)).toHaveLength(2);
  });
});

describe('Deleting an environment', () => {
  it('deletes its webhooks by the same rules, and no others', async () => {
    const first = await create();
    const second = await create({ target_url: TARGET, is_active: false });
    const other = await app.tenant();
    const { body: kept } = await other.call<WebhookBody>('POST', '/webhook', { body: { target_url: TARGET } });

    expect((await app.call('DELETE', `/environment/${tenant.environmentId}`)).status).toBe(200);

    for (const { id } of [first, second]) {
      expect(await rowOf(id)).toMatchObject({ isActive: false, revision: 2, deletedAt: expect.any(Date) });
      expect(await secretsOf(id)).toMatchObject([{ ciphertext: null }]);
      expect((await revisionsOf(id))[1]).toMatchObject({ isDeleted: true, changedBy: 'admin' });
    }
    const told = [first, second].map(({ id }) => ({ kind: 'deleted', webhookId: id, revision: 2 }));
    expect(app.deliveryControl.applied).toHaveLength(2);
    expect(app.deliveryControl.applied).toEqual(expect.arrayContaining(told));
    expect(app.deliveryControl.settled).toEqual(expect.arrayContaining(told));
    expect(await rowOf(kept.id)).toMatchObject({ isActive: true, deletedAt: null });
  });
});

describe('GET /event-type', () => {
  it('lists every type with what it means and an example', async () => {
    const { status, body } = await tenant.call<{ result: Record<string, unknown>[] }>('GET', '/event-type');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['result']);
    expect(body.result.map((type) => type['event_type'])).toEqual(EVENT_TYPE_NAMES);
    for (const type of body.result) expect(Object.keys(type)).toEqual(['event_type', 'description', 'example']);
  });
});

describe('what generated clients send', () => {
  it('may be null for what their caller did not set, in POST /webhook, and is then as if it were absent', async () => {
    const body = { target_url: TARGET, is_active: null, event_types: null, environment_id: null };
    const plain = await create();
    const made = await create(body);
    expect({ ...made, id: plain.id, secret: plain.secret }).toMatchObject({
      is_active: true,
      event_types: plain.event_types,
      environment_id: tenant.environmentId,
    });
    expect((await rowOf(made.id)).eventTypes).toBeNull();
    const headers = { 'Idempotency-Key': 'null-and-absent' };
    const first = await tenant.call<WebhookBody>('POST', '/webhook', { body, headers });
    const second = await tenant.call<WebhookBody>('POST', '/webhook', { body: { target_url: TARGET }, headers });
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it('may not be null for the target', async () => {
    for (const body of [{}, { target_url: null }]) {
      const answer = await tenant.call<ErrorBody>('POST', '/webhook', { body });
      expect(answer.status).toBe(400);
      expect(answer.body.details.failures).toEqual([{ field: 'target_url', message: 'is required' }]);
    }
  });

  it('may be all_event_types in PATCH where they cannot send null, but not beside event_types', async () => {
    const { id } = await create({ target_url: TARGET, event_types: ['record:created'] });
    const refused = await tenant.call<ErrorBody>('PATCH', `/webhook/${id}`, {
      body: { all_event_types: true, event_types: ['record:created'] },
    });
    expect(refused.status).toBe(400);
    expect(refused.body.details.failures).toEqual([
      { field: 'all_event_types', message: 'must not be true beside event_types' },
    ]);
    expect((await patch(id, { all_event_types: false })).body.event_types).toEqual(['record:created']);
    const other = { all_event_types: false, event_types: ['record:updated'] };
    expect((await patch(id, other)).body.event_types).toEqual(['record:updated']);
    expect((await patch(id, { all_event_types: true })).body.event_types).toEqual([...EVENT_TYPE_NAMES]);
    expect((await rowOf(id)).eventTypes).toBeNull();
    for (const wrong of [null, 1, 'true']) expect((await patch(id, { all_event_types: wrong })).status).toBe(400);
  });

  it('may not be nothing at all for a change, as it would change nothing', async () => {
    const { id } = await create();
    const none = await tenant.call<ErrorBody>('PATCH', `/webhook/${id}`);
    expect([none.status, none.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(none.body.message).toBe('The body is required: a JSON object');
    expect((await patch(id, {})).status).toBe(200);
    expect((await tenant.call('POST', `/webhook/${id}/rotate-secret`)).status).toBe(200);
  });
});

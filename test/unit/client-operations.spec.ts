import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { type PublishInput, Tidings, type TidingsOptions } from '../../clients/typescript/src/index.js';
import { DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT_MS } from '../../clients/typescript/src/options.js';

const ID = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const ENVIRONMENT = '05daecaf-4365-42e8-8370-8127de5dd717';
const TOKEN = 'tdg_secret-of-the-test';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Sent {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string | undefined;
}

/** A client whose requests go nowhere, and what it sends. Every list ends with its first page. */
function recorded(options: Partial<TidingsOptions> = {}): { tidings: Tidings; sent: Sent[] } {
  const sent: Sent[] = [];
  const tidings = new Tidings({
    baseUrl: 'https://tidings.example.com',
    token: TOKEN,
    fetch: (url, init) => {
      const { pathname, searchParams } = new URL(url);
      sent.push({
        method: init!.method!,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: init!.headers as Record<string, string>,
        body: init!.body as string | undefined,
      });
      return Promise.resolve(Response.json({ result: [], next_cursor: null, limit: 100 }));
    },
    ...options,
  });
  return { tidings, sent };
}

const webhook = { target_url: 'https://example.com/webhook' };
const event = { event_type: 'record:created', payload: { a: 1 } } as const;

/** One call for each operation of the API. */
const CALLS: Record<string, (tidings: Tidings) => PromiseLike<unknown>> = {
  createEnvironment: ({ environments }) => environments.create({ name: 'Production' }),
  listEnvironments: ({ environments }) => environments.list({ limit: 2 }),
  getEnvironment: ({ environments }) => environments.get(ID),
  updateEnvironment: ({ environments }) => environments.update(ID, { name: 'Staging' }),
  deleteEnvironment: ({ environments }) => environments.delete(ID),
  getEnvironmentErasure: ({ environments }) => environments.erasure(ID),
  createApiToken: ({ apiTokens }) => apiTokens.create({ name: 'Orders', environment_id: ENVIRONMENT }),
  listApiTokens: ({ apiTokens }) => apiTokens.list({ environment_id: ENVIRONMENT }),
  getApiToken: ({ apiTokens }) => apiTokens.get(ID),
  deleteApiToken: ({ apiTokens }) => apiTokens.delete(ID),
  getMe: (tidings) => tidings.me(),
  listAuditEntries: ({ audit }) => audit.list({ resource_id: ID }),
  createWebhook: ({ webhooks }) => webhooks.create(webhook),
  listWebhooks: ({ webhooks }) => webhooks.list({ is_active: true }),
  getWebhook: ({ webhooks }) => webhooks.get(ID),
  updateWebhook: ({ webhooks }) => webhooks.update(ID, { is_active: false }),
  deleteWebhook: ({ webhooks }) => webhooks.delete(ID),
  rotateWebhookSecret: ({ webhooks }) => webhooks.rotateSecret(ID),
  listWebhookSecrets: ({ webhooks }) => webhooks.secrets(ID, { limit: 2 }),
  listEventTypes: ({ eventTypes }) => eventTypes.list(),
  listDeliveries: ({ deliveries }) => deliveries.list({ status: 'failed' }),
  getDelivery: ({ deliveries }) => deliveries.get(ID),
  retryDelivery: ({ deliveries }) => deliveries.retry(ID),
  recoverWebhook: ({ webhooks }) => webhooks.recover(ID, { since: '2021-08-10T10:00:00.000Z' }),
  getWebhookRecovery: ({ webhooks }) => webhooks.recovery(ID),
  stopWebhookRecovery: ({ webhooks }) => webhooks.stopRecovery(ID),
  getStats: (tidings) => tidings.stats({ window: '1h' }),
  getWebhookHealth: ({ webhooks }) => webhooks.health(ID),
  clearWebhookHealth: ({ webhooks }) => webhooks.clearHealth(ID),
  getWebhookStats: ({ webhooks }) => webhooks.stats(ID, { window: '1h' }),
  testWebhook: ({ webhooks }) => webhooks.test(ID),
  publishEvent: ({ events }) => events.publish(event),
  listEvents: ({ events }) => events.list({ event_type: 'record:created' }),
  publishEventBatch: ({ events }) => events.publishBatch({ events: [event] }),
  getEvent: ({ events }) => events.get(ID),
  deleteEvent: ({ events }) => events.delete(ID),
  listEventWebhooks: ({ events }) => events.webhooks(ID),
};

interface Operation {
  operationId: string;
  tags: string[];
  parameters?: { in: string; name: string; description?: string }[];
  requestBody?: object;
}

const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(paths)
  .flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })))
  .filter(({ tags }) => !tags.includes('Health'));

describe('the client', () => {
  it('has a method for every operation of the API', () => {
    expect(Object.keys(CALLS).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
    // Nor has it one that these calls leave out.
    const { tidings } = recorded();
    const resources = Object.values(tidings) as object[];
    const methods = [tidings, ...resources].flatMap((object) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor'),
    );
    expect(methods).toHaveLength(operations.length);
  });

  it.each(operations)('sends $operationId as it is documented', async (operation) => {
    const { tidings, sent } = recorded({ environmentId: ENVIRONMENT });
    await CALLS[operation.operationId]!(tidings);
    const [request] = sent;
    expect(sent).toHaveLength(1);
    expect(request!.method).toBe(operation.method.toUpperCase());
    expect(request!.path).toBe(operation.path.replace('{id}', ID));
    expect(request!.headers['authorization']).toBe(`Bearer ${TOKEN}`);
    expect(request!.headers['user-agent']).toMatch(/^tidings-client-typescript\/\d+\.\d+\.\d+$/);
    const { parameters = [] } = operation;
    const known = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(Object.keys(request!.query)));
    // Where it is no filter, it is the environment to act in.
    const toActIn = parameters.some(
      ({ name, description }) => name === 'environment_id' && /act in/.test(description!),
    );
    if (toActIn) expect(request!.query).toMatchObject({ environment_id: ENVIRONMENT });
    else if (operation.operationId !== 'listApiTokens') expect(request!.query).not.toHaveProperty('environment_id');
    expect(request!.body !== undefined).toBe(operation.requestBody !== undefined);
    expect(request!.headers['content-type']).toBe(request!.body === undefined ? undefined : 'application/json');
    const takesKey = parameters.some(({ name }) => name === 'Idempotency-Key');
    if (takesKey) expect(request!.headers['idempotency-key']).toMatch(UUID);
    else expect(request!.headers).not.toHaveProperty('idempotency-key');
  });

  it('names the environment of one request', async () => {
    const { tidings, sent } = recorded({ environmentId: ENVIRONMENT });
    await tidings.webhooks.list({ limit: 1 }, { environmentId: ID });
    expect(sent[0]!.query).toEqual({ limit: '1', environment_id: ID });
  });

  it('leaves out what a query does not have, the next_cursor of a last page among it', async () => {
    const { tidings, sent } = recorded();
    await tidings.webhooks.list({ limit: undefined, next_cursor: null });
    // What the types do not promise, but what is called without them may have.
    const since = new Date(0) as unknown as string;
    await tidings.audit.list({ created_after: since, resource_id: null as unknown as string });
    expect(sent.map(({ query }) => query)).toEqual([{}, { created_after: '1970-01-01T00:00:00.000Z' }]);
  });

  it('repeats a filter for each of several values', async () => {
    const urls: string[] = [];
    const fetch: TidingsOptions['fetch'] = (url) => {
      urls.push(url as string);
      return Promise.resolve(Response.json({ result: [], next_cursor: null, limit: 100 }));
    };
    const { tidings } = recorded({ fetch });
    await tidings.deliveries.list({ status: ['failed', 'canceled'] });
    await tidings.deliveries.list({ status: 'failed' });
    expect(urls.map((url) => new URL(url).search)).toEqual(['?status=failed&status=canceled', '?status=failed']);
  });

  it('asks for every page with the same filters', async () => {
    const pages = ['a', 'b', null];
    const urls: URL[] = [];
    const { tidings } = recorded({
      fetch: (url) => {
        const next_cursor = pages[urls.push(new URL(url)) - 1];
        return Promise.resolve(Response.json({ result: [], next_cursor, limit: 2 }));
      },
    });
    for await (const _ of tidings.deliveries.list({ status: 'failed', limit: 2, next_cursor: 'start' }));
    expect(urls.map(({ search }) => search)).toEqual(
      ['start', 'a', 'b'].map((cursor) => `?status=failed&limit=2&next_cursor=${cursor}`),
    );
  });

  it('takes an id as one segment of the path, and refuses what is none', async () => {
    const { tidings, sent } = recorded();
    await tidings.webhooks.get('a/../b?c');
    expect(sent[0]!.path).toBe('/webhook/a%2F..%2Fb%3Fc');
    for (const id of ['', '.', '..', undefined as unknown as string]) {
      await expect(tidings.webhooks.delete(id)).rejects.toThrow(TypeError);
    }
    expect(sent).toHaveLength(1);
  });

  it.each(['https://example.com/tidings', 'https://example.com/tidings/', 'https://example.com/tidings//'])(
    'keeps the path of %s',
    async (baseUrl) => {
      const { tidings, sent } = recorded({ baseUrl });
      await tidings.me();
      expect(sent[0]!.path).toBe('/tidings/me');
    },
  );
});

describe('what is published', () => {
  it('has the key of the caller, or one of its own for each call', async () => {
    const { tidings, sent } = recorded();
    await tidings.events.publish(event, { idempotencyKey: 'order-1045' });
    await tidings.events.publish(event);
    await tidings.events.publish(event);
    // As a missing column of a database is: two events would be one.
    const none = { idempotencyKey: null as unknown as undefined };
    await tidings.events.publish(event, none);
    await tidings.webhooks.create(webhook, none);
    await tidings.webhooks.create(webhook, none);
    await tidings.webhooks.rotateSecret(ID, {}, none);
    await tidings.webhooks.rotateSecret(ID);
    const [own, ...others] = sent.map(({ headers }) => headers['idempotency-key']);
    expect(own).toBe('order-1045');
    for (const key of others) expect(key).toMatch(UUID);
    expect(new Set(others).size).toBe(7);
  });

  it('has a key for each member of a batch', async () => {
    const { tidings, sent } = recorded();
    await tidings.events.publishBatch({ events: [event, { ...event, idempotency_key: 'mine' }] });
    expect(JSON.parse(sent[0]!.body!)).toEqual({
      events: [
        { ...event, idempotency_key: expect.stringMatching(UUID) as string },
        { ...event, idempotency_key: 'mine' },
      ],
    });
  });

  it('is the text of a payload character by character', async () => {
    const { tidings, sent } = recorded();
    const payload = '{"id":9007199254740993,"ratio":1.0,"$&":"$1"}';
    await tidings.events.publish({ event_type: 'record:created', payload });
    await tidings.events.publishBatch({ events: [{ ...event, payload, idempotency_key: 'k' }] });
    expect(sent[0]!.body).toBe(`{"event_type":"record:created","payload":${payload}}`);
    expect(sent[1]!.body).toBe(
      `{"events":[{"event_type":"record:created","idempotency_key":"k","payload":${payload}}]}`,
    );
  });

  it('has the members of an event, whatever its own toJSON says', async () => {
    const { tidings, sent } = recorded();
    await tidings.events.publish({ ...event, toJSON: () => ({}) } as PublishInput);
    await tidings.events.publish({ ...event, payload: { toJSON: () => ({ b: 2 }) } });
    expect(sent.map(({ body }) => JSON.parse(body!))).toEqual([event, { ...event, payload: { b: 2 } }]);
  });

  it.each<[string, unknown]>([
    ['more than one object', '{},"event_type":"record:deleted"'],
    ['the text of an array', '[]'],
    ['the text of a number', '1'],
    ['the text of null', 'null'],
    ['an empty text', ''],
    ['half an object', '{"secret-of'],
    ['text with half of a surrogate pair', '{"a":"\ud83d"}'],
    ['an array', []],
    ['nothing', undefined],
    ['null', null],
    ['a function', () => 1],
    ['an object that has no JSON', { toJSON() {} }],
    ['an object that is the text "{}"', { toJSON: () => '{}' }],
  ])('is never %s, which is a TypeError that tells nothing of it', async (_, payload) => {
    const { tidings, sent } = recorded();
    const wrong = { ...event, payload } as PublishInput;
    for (const publish of [
      () => tidings.events.publish(wrong),
      () => tidings.events.publishBatch({ events: [wrong] }),
    ]) {
      const error: unknown = await publish().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(error)).not.toContain('secret-of');
      expect(error).not.toHaveProperty('cause');
    }
    expect(sent).toEqual([]);
  });

  it('is the text of a payload with whole surrogate pairs', async () => {
    const { tidings, sent } = recorded();
    await tidings.events.publish({ ...event, payload: '{"a":"\ud83d\ude00"}' });
    expect(sent[0]!.body).toContain('{"a":"😀"}');
  });
});

describe('an option that is wrong', () => {
  it.each([
    ['a URL that is none', { baseUrl: 'tidings.example.com' }],
    ['another protocol', { baseUrl: 'ftp://example.com' }],
    ['credentials in the URL', { baseUrl: 'https://user:secret-of-the-test@example.com' }],
    ['a query', { baseUrl: 'https://example.com/?a=b' }],
    ['an empty query', { baseUrl: 'https://example.com/?' }],
    ['an empty fragment', { baseUrl: 'https://example.com/#' }],
    ['an empty environment', { environmentId: '' }],
    ['an environment that is none', { environmentId: null as unknown as string }],
    ['no token', { token: '' }],
    ['a token with a line end', { token: `${TOKEN}\n` }],
    ['a timeout of nothing', { timeoutMs: 0 }],
    ['a timeout beyond a timer', { timeoutMs: 2 ** 31 }],
    ['retries below 0', { maxRetries: -1 }],
    ['half a retry', { maxRetries: 0.5 }],
  ])('is a TypeError that tells no secret: %s', (_, options) => {
    const thrown = (): Tidings => recorded(options).tidings;
    expect(thrown).toThrow(TypeError);
    expect(thrown).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret-of') as string }));
  });

  it('is one of a request, too', async () => {
    const { tidings, sent } = recorded();
    await expect(tidings.me({ timeoutMs: NaN })).rejects.toThrow(TypeError);
    await expect(tidings.me({ maxRetries: Infinity })).rejects.toThrow(TypeError);
    await expect(tidings.events.publish(event, { idempotencyKey: 'a\nb' })).rejects.toThrow(TypeError);
    await expect(tidings.me({ environmentId: '' })).rejects.toThrow(TypeError);
    for (const idempotencyKey of ['', ' ', ' k', 'k ', 'k'.repeat(256), 'é', {}, 1] as string[]) {
      await expect(tidings.events.publish(event, { idempotencyKey })).rejects.toThrow(TypeError);
      await expect(tidings.webhooks.create(webhook, { idempotencyKey })).rejects.toThrow(TypeError);
    }
    expect(sent).toEqual([]);
    for (const idempotencyKey of ['k', 'a key', 'k'.repeat(255)])
      await tidings.events.publish(event, { idempotencyKey });
    expect(sent).toHaveLength(3);
  });

  it('is a rejection, and never thrown by the call itself', async () => {
    const { tidings, sent } = recorded();
    const none = undefined as never;
    const calls = [
      () => tidings.webhooks.recover(ID, none),
      () => tidings.webhooks.create(webhook, null as never),
      () => tidings.events.publish(none),
      () => tidings.events.publish(event, null as never),
      () => tidings.events.publishBatch(none),
    ];
    for (const call of calls) await expect(call().catch(() => 'rejected')).resolves.toBe('rejected');
    expect(sent).toEqual([]);
  });
});

describe('the package', () => {
  it('has the version of the service and its licence, and no dependencies', () => {
    const read = (file: string): string => readFileSync(file, 'utf8');
    const own = JSON.parse(read('clients/typescript/package.json')) as Record<string, unknown>;
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(own['version']).toBe(version);
    expect(Object.keys(own).filter((name) => /dependencies/i.test(name))).toEqual([]);
    expect(read('clients/typescript/LICENSE')).toBe(read('LICENSE'));
  });
});

describe('the README', () => {
  const readme = readFileSync('clients/typescript/README.md', 'utf8');

  it.each([
    ['timeoutMs', DEFAULT_TIMEOUT_MS],
    ['maxRetries', DEFAULT_MAX_RETRIES],
  ])('has the default of %s', (name, value) => {
    const [, shown] = new RegExp(`^\\| \`${name}\` +\\| ([0-9,]+) `, 'm').exec(readme) ?? [];
    expect(shown).toBe(value.toLocaleString('en'));
  });
});

describe('the token', () => {
  it('does not show when the client is printed', () => {
    const { tidings } = recorded();
    expect(inspect(tidings, { depth: 9, showHidden: true })).not.toContain('secret-of');
    expect(JSON.stringify(tidings)).not.toContain('secret-of');
  });
});

import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

jest.setTimeout(120_000);

/** Nobody listens there: deliveries wait for their retries. */
const TARGET = 'http://127.0.0.1:1999/webhook';

interface Body {
  id: string;
  code?: string;
  result: { id: string; created_at: string; event_type?: string }[];
  next_cursor: string | null;
  details?: { failures: { field: string; message: string }[] };
}

interface Document {
  paths: Record<string, Record<string, { security?: object[]; parameters?: { name: string; in: string }[] }>>;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

let test: TestDatabase;
let replica: TestReplica;
let environmentId: string;
let webhookIds: string[];
let eventIds: string[];

const call = (method: Method, path: string, body?: object): Promise<{ status: number; body: Body }> =>
  replica.call<Body>(method, path, { environmentId, ...(body && { body }) });
/** As it is written: `inject` would encode the query anew. */
const raw = async (url: string, headers: Record<string, string> = {}) => {
  const authorization = `Bearer an-admin-token-for-tests-of-enough-length`;
  const separator = url.includes('?') ? '&' : '?';
  return replica.nest.inject({
    method: 'GET',
    url: `${url}${separator}environment_id=${environmentId}`,
    headers: { authorization, ...headers },
  });
};
const idsAt = async (url: string): Promise<string[]> => {
  const { statusCode, json } = await raw(url);
  const body = json<Body>();
  expect({ url, statusCode, body }).toMatchObject({ url, statusCode: 200 });
  return body.result.map(({ id }) => id);
};
const failuresAt = async (url: string): Promise<string[]> => {
  const { statusCode, json } = await raw(url);
  expect({ url, statusCode }).toEqual({ url, statusCode: 400 });
  const { code, details } = json<Body>();
  expect(code).toBe('VALIDATION_FAILED');
  return details!.failures.map(({ field, message }) => `${field}: ${message}`);
};

beforeAll(async () => {
  test = await createTestDatabase();
  replica = await startReplica(test);
  environmentId = (await replica.call<Body>('POST', '/environment', { body: { name: 'queries' } })).body.id;
  webhookIds = [];
  for (let n = 0; n < 3; n++) webhookIds.push((await call('POST', '/webhook', { target_url: TARGET })).body.id);
  eventIds = [];
  for (let n = 0; n < 3; n++) {
    const headers = { 'idempotency-key': `event-${n}` };
    const body = { event_type: 'record:created', payload: { n } };
    eventIds.push((await replica.call<Body>('POST', '/event', { environmentId, body, headers })).body.id);
  }
  for (let n = 0; n < 2; n++) await call('POST', `/webhook/${webhookIds[0]}/rotate-secret`, {});
  for (let n = 0; n < 2; n++) await call('POST', '/api-token', { name: 'queries', environment_id: environmentId });
  for (const id of webhookIds.slice(0, 2)) expect((await call('POST', '/webhook/test', { id })).status).toBe(422);
});
afterAll(async () => {
  await replica.close();
  await test.close();
});

describe('a query parameter that is not known', () => {
  it('is refused by name, by every route that asks for a token, also by those that have no parameters', async () => {
    const { paths } = (await replica.nest.inject('/openapi.json')).json<Document>();
    const wrong: string[] = [];
    let count = 0;
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        if (security?.length === 0) continue;
        const url = `${path.replace('{id}', randomUUID())}?environment_id=${environmentId}&surprise=1`;
        const { status, body } = await replica.call<Body>(method.toUpperCase() as Method, url, {
          ...(/post|patch|put/.test(method) && { body: {} }),
        });
        const named = body.details?.failures.some(
          ({ field, message }) => field === 'surprise' && message === 'is not a known query parameter',
        );
        if (status !== 400 || !named) wrong.push(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
        count += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(25);
  });

  it.each([
    ['/delivery?webhook=x', 'webhook: is not a known query parameter; did you mean webhook_id?'],
    ['/delivery?statuss=failed', 'statuss: is not a known query parameter; did you mean status?'],
    [
      '/delivery?created_at[ne]=2021-08-10',
      'created_at[ne]: is not a known query parameter; did you mean created_after?',
    ],
    ['/webhook?is_active[]=true', 'is_active[]: is not a known query parameter; did you mean is_active?'],
    ['/event?id[nin]=x', 'id[nin]: is not a known query parameter'],
    ['/event-type?next_cursor=x', 'next_cursor: is not a known query parameter'],
    ['/me?limit=1&limit=2', 'limit: must be given once'],
  ])('is refused in %s with the one that was probably meant', async (url, failure) => {
    expect(await failuresAt(url)).toEqual([failure]);
  });

  it.each(['/health/live', '/health/ready', '/metrics', '/openapi.json', '/docs', '/docs/start.js'])(
    'is nothing to %s, which probes and browsers ask',
    async (path) => {
      for (const query of ['?', '?x=1', '?_=1&_=2', '?match[]=a&match[]=b']) {
        expect([query, (await replica.nest.inject(path + query)).statusCode]).toEqual([query, 200]);
      }
    },
  );

  it.each(['/me?', '/me?&', '/webhook?next_cursor=', '/event-type?limit=10&next_cursor=', '/environment?limit=1'])(
    'is none of what %s asks',
    async (url) => {
      expect((await raw(url)).statusCode).toBe(200);
    },
  );
});

describe('the operators of the API that published clients were made for', () => {
  const lists = (): string[] => [
    '/webhook',
    `/webhook/${webhookIds[0]}/secret`,
    '/event',
    '/event?is_test=true',
    '/delivery',
    `/delivery?webhook_id=${webhookIds[1]}`,
    '/delivery?is_test=true',
    '/api-token',
    '/environment',
    '/audit',
  ];

  it('leave of each list what they say', async () => {
    for (const list of lists()) {
      const { result } = (await raw(list)).json<Body>();
      expect([list, result.length > 0]).toEqual([list, true]);
      const at = (query: string): Promise<string[]> => idsAt(`${list}${list.includes('?') ? '&' : '?'}${query}`);
      const times = [...new Set(result.map(({ created_at: createdAt }) => createdAt))];
      for (const time of [times[0]!, times.at(-1)!, times[Math.floor(times.length / 2)]!]) {
        const those = (is: (createdAt: string) => boolean): string[] =>
          result.filter(({ created_at: createdAt }) => is(createdAt)).map(({ id }) => id);
        expect([list, await at(`created_at[gt]=${time}`)]).toEqual([list, those((createdAt) => createdAt > time)]);
        expect([list, await at(`created_at[gte]=${time}`)]).toEqual([list, those((createdAt) => createdAt >= time)]);
        expect([list, await at(`created_at[lt]=${time}`)]).toEqual([list, those((createdAt) => createdAt < time)]);
        expect([list, await at(`created_at[lte]=${time}`)]).toEqual([list, those((createdAt) => createdAt <= time)]);
        const both = `created_at%5Bgte%5D=${time}&created_at%5Blte%5D=${time}`;
        expect([list, await at(both)]).toEqual([list, those((createdAt) => createdAt === time)]);
      }
      const [first, last] = [result[0]!.id, result.at(-1)!.id];
      const named = [...new Set([first, last])];
      expect([list, await at(`id[in]=${last.toUpperCase()},${randomUUID()},${first}`)]).toEqual([list, named]);
      expect([list, await at(`id[in]=${last}&id[in]=${first}`)]).toEqual([list, named]);
      expect([list, await at(`id[in]=${randomUUID()}`)]).toEqual([list, []]);
    }
  });

  it('turn pages, each id once', async () => {
    for (const list of ['/webhook', '/event', '/delivery']) {
      const all = await idsAt(list);
      const pages: string[] = [];
      let cursor = '';
      do {
        const { body } = await call('GET', `${list}?id[in]=${all.join()}&limit=2&next_cursor=${cursor}`);
        expect(body.result.length).toBeLessThanOrEqual(2);
        pages.push(...body.result.map(({ id }) => id));
        cursor = body.next_cursor ?? '';
      } while (cursor !== '');
      expect(pages).toEqual(all);
    }
  });

  it('take a hundred ids and no more, and ids alone', async () => {
    const ids = Array.from({ length: 101 }, () => randomUUID());
    expect(await idsAt(`/event?id[in]=${ids.slice(1).join()}`)).toEqual([]);
    expect(await failuresAt(`/event?id[in]=${ids.join()}`)).toEqual(['id[in]: must be UUIDs, 100 at most']);
    expect(await failuresAt(`/event?id[in]=${ids[0]},7`)).toEqual(['id[in]: must be UUIDs, 100 at most']);
    expect(await failuresAt('/event?created_at[gt]=yesterday')).toHaveLength(1);
  });

  it('are none of a list without the field', async () => {
    for (const query of ['created_at[gt]=2021-08-10', `id[in]=${randomUUID()}`]) {
      expect(await failuresAt(`/event/${eventIds[0]}/webhooks?${query}`)).toHaveLength(1);
    }
  });
});

describe('a time in a query', () => {
  it('takes an offset whose + was not encoded, and a date, which is its beginning in UTC', async () => {
    const pad = (count: number): string => String(count).padStart(2, '0');
    const created = new Date((await raw('/event')).json<Body>().result[0]!.created_at);
    const local = new Date(created.getTime() + 5.5 * 3_600_000).toISOString().slice(0, -1);
    expect(await idsAt(`/event?created_at[lte]=${local}+05:30`)).toEqual(await idsAt('/event'));
    expect(await idsAt(`/event?created_after=${local}+05:30`)).toEqual([]);
    const day = `${created.getUTCFullYear()}-${pad(created.getUTCMonth() + 1)}-${pad(created.getUTCDate())}`;
    expect(await idsAt(`/event?created_after=${day}`)).toEqual(await idsAt('/event'));
    expect(await idsAt(`/event?created_before=${day}`)).toEqual([]);
    expect(await failuresAt('/event?created_after=2021-02-30')).toHaveLength(1);
  });
});

describe('a filter', () => {
  it('of deliveries by status takes several, however they are written, and cursors know them again', async () => {
    const all = await idsAt('/delivery');
    expect(await idsAt('/delivery?status=pending&status=failed')).toEqual(all);
    expect(await idsAt('/delivery?status=failed,pending')).toEqual(all);
    expect(await idsAt('/delivery?status=failed&status=canceled')).toEqual([]);
    expect(await failuresAt('/delivery?status=pending&status=lost')).toEqual([
      'status: must be one of pending, succeeded, failed, canceled',
    ]);
    const page = (await raw('/delivery?status=pending&status=failed&limit=1')).json<Body>();
    const next = `next_cursor=${page.next_cursor}&limit=1000`;
    expect(await idsAt(`/delivery?status=failed,pending,failed&${next}`)).toEqual(all.slice(1));
    expect((await raw(`/delivery?status=pending&${next}`)).json<Body>().code).toBe('INVALID_CURSOR');
  });

  it('of deliveries by the answer of the latest attempt finds those that wait for their retry', async () => {
    const all = await idsAt('/delivery');
    expect(await idsAt('/delivery?error=connect_error')).toEqual(all);
    expect(await idsAt('/delivery?error=timeout')).toEqual([]);
    for (const status of ['500', '4xx', '5xx', '200'])
      expect(await idsAt(`/delivery?response_status=${status}`)).toEqual([]);
    for (const status of ['5', '5xxx', '600', '6xx', 'xx', '', '-500']) {
      expect(await failuresAt(`/delivery?response_status=${status}`)).toHaveLength(1);
    }
    expect(await failuresAt('/delivery?error=no')).toHaveLength(1);
  });

  it('by is_test has tests, which no other list of events or deliveries has', async () => {
    for (const list of ['/event', '/delivery']) {
      const { result } = (await raw(`${list}?is_test=true`)).json<Body>();
      expect(result.map(({ event_type: type }) => type)).toEqual(['test', 'test']);
      const ids = result.map(({ id }) => id);
      expect(await idsAt(`${list}?event_type=test`)).toEqual(ids);
      expect(await idsAt(`${list}?event_type=test&is_test=false`)).toEqual([]);
      expect(await idsAt(`${list}?id[in]=${ids.join()}`)).toEqual([]);
      expect(await idsAt(`${list}?id[in]=${ids.join()}&is_test=true`)).toEqual(ids);
      const others = await idsAt(list);
      expect(others.filter((id) => ids.includes(id))).toEqual([]);
      expect(await idsAt(`${list}?is_test=false`)).toEqual(others);
    }
    expect(await idsAt('/delivery?is_test=true&status=succeeded')).toEqual([]);
    expect(await idsAt(`/delivery?is_test=true&webhook_id=${webhookIds[0]}`)).toHaveLength(1);
  });

  it('of events by idempotency key has the one that was published with it', async () => {
    expect(await idsAt('/event?idempotency_key=event-1')).toEqual([eventIds[1]]);
    expect(await idsAt('/event?idempotency_key=event-9')).toEqual([]);
    expect(await idsAt(`/event?idempotency_key=event-1&id[in]=${eventIds[0]}`)).toEqual([]);
    expect(await idsAt('/event?idempotency_key=event-1&event_type=record:updated')).toEqual([]);
    expect(await failuresAt('/event?idempotency_key=')).toHaveLength(1);
  });
});

describe('the address of the service', () => {
  it('leads a browser to the documentation, and is nothing to anybody else', async () => {
    const at = (method: 'GET' | 'POST', accept?: string) =>
      replica.nest.inject({ method, url: '/', ...(accept !== undefined && { headers: { accept } }) });
    const browser = await at('GET', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    expect([browser.statusCode, browser.headers.location]).toEqual([302, './docs']);
    for (const accept of [undefined, '*/*', 'application/json', 'text/htmlx']) {
      const answer = await at('GET', accept);
      expect([accept, answer.statusCode, answer.json<Body>().code]).toEqual([accept, 404, 'ROUTE_NOT_FOUND']);
    }
    expect((await at('POST', 'text/html')).statusCode).toBe(404);
  });

  it.each(['/webhook/', '//webhook/', '/webhook/?'])('has at %s what it has without the slash', async (url) => {
    expect((await raw(url)).json<Body>().result.map(({ id }) => id)).toEqual(webhookIds.toReversed());
  });
});

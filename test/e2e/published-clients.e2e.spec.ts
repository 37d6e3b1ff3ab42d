import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import type { ApiClient, CreatedWebhook, Page, RequestOptions, Webhook } from '../support/client.js';
import { fetchDocument } from '../support/client.js';
import { useService } from '../support/process.js';
import { useReceivers } from './receivers.js';

const TARGET = 'https://example.com/webhook';

/** What the published clients send with every request, also with those that have no body. */
const SDK_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };
const PYTHON_HEADERS = {
  'user-agent': 'python-requests/2.32.3',
  'accept-encoding': 'gzip, deflate',
  accept: '*/*',
  connection: 'keep-alive',
  'content-type': 'application/json',
};

/** As `qs.stringify` and others write nested values, lists and operators; those that mean us harm among them. */
const NESTED_QUERIES = [
  'id[in]=a,b',
  'created_at[gt]=2021-08-10T10:00:00.000Z&created_at[lt]=2021-09-10T10:00:00.000Z',
  'is_active[]=true',
  'limit[gt]=1',
  'limit[]=1',
  'next_cursor[a]=b',
  'environment_id[in]=a',
  'a[b][c]=d',
  'a%5Bb%5D%5Bc%5D=d',
  'a[__proto__]=x',
  '__proto__[a]=x',
  '__proto__=x',
  'constructor[prototype][a]=x',
  'toString=x&hasOwnProperty=x',
  'a[0]=x&a[1]=y',
  'a[]=x&a[]=y',
  'a=x&a=y',
  'limit=1&limit[gt]=1',
  `a${'[b]'.repeat(1_000)}=c`,
  Array.from({ length: 1_500 }, (_, index) => `a[${index}]=x`)
    .join('&')
    .slice(0, 15_000),
  'a[b=c&]=[&=&&',
  'a=%00&b=%ff&c=%',
];

const service = useService();
const receivers = useReceivers();

describe.each([
  ['without a slash at its end', ''],
  ['with a slash at its end, which doubles the one of the path', '/'],
])('a published client, with a base URL %s', (_, extra) => {
  it('does all it can with a webhook, each URL ending in a bare question mark', async () => {
    const { client, environmentId } = await service.tenant();
    const receiver = await receivers.start();
    const send = <T>(method: string, path: string, body?: object) =>
      client.request<T>(method, `${extra}${path}`, { headers: SDK_HEADERS, ...(body && { body }) });

    const created = (
      await send<CreatedWebhook>('POST', '/webhook?', { target_url: receiver.url(), environment_id: environmentId })
    ).expect(201);
    const { secret, ...webhook } = created;
    expect(secret).toMatch(/^[0-9a-f-]{36}$/);
    expect(webhook.environment_id).toBe(environmentId);
    // Its cursor begins as an empty text, and is sent from the first page on.
    const first = await send<Page<Webhook>>('GET', '/webhook?next_cursor=&limit=25');
    expect(first.expect(200)).toEqual({ result: [webhook], next_cursor: null, limit: 25 });
    expect((await send('GET', `/webhook/${webhook.id}?`)).expect(200)).toEqual(webhook);
    expect((await send('POST', '/webhook/test', { id: webhook.id })).expect(200)).toMatchObject({ success: true });
    const changed = await send<Webhook>('PATCH', `/webhook/${webhook.id}?`, { is_active: false });
    expect(changed.expect(200)).toEqual({ ...webhook, is_active: false, updated_at: expect.any(String) });
    expect((await send('DELETE', `/webhook/${webhook.id}?`)).expect(200)).toEqual({ id: webhook.id });
    (await send('GET', `/webhook/${webhook.id}?`)).expectError(404, 'WEBHOOK_NOT_FOUND');
  });
});

describe('a published client', () => {
  let client: ApiClient;
  let environmentId: string;

  beforeEach(async () => {
    ({ client, environmentId } = await service.tenant());
  });

  it.each(['', 'is_active=true&next_cursor=', 'next_cursor=&limit=100&', '&'])(
    'lists webhooks with "?%s"',
    async (query) => {
      const { id } = await client.createWebhook({ target_url: TARGET });
      const reply = await client.get<Page<Webhook>>(`/webhook?${query}`, { headers: PYTHON_HEADERS });
      expect(reply.expect(200).result.map((webhook) => webhook.id)).toEqual([id]);
    },
  );

  it.each<[string, RequestOptions]>([
    ['a JSON content type and no body', { headers: SDK_HEADERS }],
    ['a JSON content type and a length of zero', { headers: { ...SDK_HEADERS, 'content-length': '0' } }],
    ['the headers of Python', { headers: { ...PYTHON_HEADERS, 'content-length': '0' } }],
    ['headers that we do not know', { headers: { 'x-sdk-version': '2.0.8', 'x-anything': 'ü', baggage: 'a=b' } }],
  ])('may send %s with GET and DELETE', async (_, options) => {
    const { id } = await client.createWebhook({ target_url: TARGET });
    (await client.request('GET', `/webhook/${id}`, options)).expect(200);
    expect((await client.request('DELETE', `/webhook/${id}`, options)).expect(200)).toEqual({ id });
  });

  it('gets success from a test, of the type it names or of none', async () => {
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    for (const body of [{ id }, { id, event_type: 'record:created' }]) {
      expect((await client.post('/webhook/test', body)).expect(200)).toMatchObject({ success: true });
    }
    expect(receiver.requests.map(({ body }) => (JSON.parse(body.toString()) as { event: string }).event)).toEqual([
      'test',
      'record:created',
    ]);
  });

  it('may name its own environment in the body of POST /webhook, and no other', async () => {
    const { environmentId: other } = await service.tenant();
    const create = (id: string) => client.post<Webhook>('/webhook', { target_url: TARGET, environment_id: id });
    expect((await create(environmentId)).expect(201).environment_id).toBe(environmentId);
    expect((await create(environmentId.toUpperCase())).expect(201).environment_id).toBe(environmentId);
    (await create(other)).expectError(400, 'ENVIRONMENT_MISMATCH');
  });

  it('is told that a webhook for no event type is none, and means all of them with null', async () => {
    const { id } = await client.createWebhook({ target_url: TARGET, event_types: ['record:created'] });
    const { details } = (await client.patch(`/webhook/${id}`, { event_types: [] })).expectError(
      400,
      'VALIDATION_FAILED',
    );
    expect(details!.failures!.map(({ field }) => field)).toEqual(['event_types']);
    const all = (await client.patch<Webhook>(`/webhook/${id}`, { event_types: null })).expect(200);
    expect(all.event_types).toEqual(EVENT_TYPE_NAMES);
  });

  it('may send the operators of the API that it was made for, and they say what they said there', async () => {
    const { id } = await client.createWebhook({ target_url: TARGET });
    const { id: other } = await client.createWebhook({ target_url: TARGET });
    for (const [query, ids] of [
      [`id[in]=${id}`, [id]],
      [`id%5Bin%5D=${id},${other}`, [other, id]],
      ['created_at%5Bgt%5D=2021-08-10T10:00:00.000Z', [other, id]],
      ['created_at[lt]=2021-08-10T10:00:00.000Z', []],
    ] as const) {
      const { result } = (await client.get<Page<Webhook>>(`/webhook?${query}`)).expect(200);
      expect(result.map((webhook) => webhook.id)).toEqual(ids);
    }
  });

  it.each(['surprise', 'is_active[]', 'updated_at[gt]', 'a[__proto__]', '__proto__', 'constructor'])(
    'is told that %s is no parameter: as a filter it would filter nothing',
    async (name) => {
      const { details } = (await client.get(`/webhook?${name}=true`)).expectError(400, 'VALIDATION_FAILED');
      expect(details!.failures!.map(({ field }) => field)).toEqual([name]);
    },
  );

  it('is told of a parameter that it gives twice', async () => {
    const { details } = (await client.get('/webhook?limit=1&limit=2')).expectError(400, 'VALIDATION_FAILED');
    expect(details!.failures).toEqual([{ field: 'limit', message: 'must be given once' }]);
  });

  it('gets from every list a page or a clear 400, whatever its query', async () => {
    const { id: webhookId } = await client.createWebhook({ target_url: TARGET });
    const { id: eventId } = await client.publish('record:created');
    const document = await fetchDocument(service.url);
    const lists = Object.entries(document.paths).flatMap(([path, { get }]) =>
      get?.parameters?.some(({ name }) => name === 'next_cursor')
        ? [path.replace('{id}', path.startsWith('/webhook') ? webhookId : eventId)]
        : [],
    );
    expect(lists.sort()).toEqual(
      [
        '/api-token',
        '/audit',
        '/delivery',
        '/environment',
        '/event',
        `/event/${eventId}/webhooks`,
        '/webhook',
        `/webhook/${webhookId}/secret`,
      ].sort(),
    );
    const others: string[] = [];
    for (const list of lists) {
      for (const query of NESTED_QUERIES) {
        // The client holds each answer to the document.
        const { status } = await service.admin.get(`${list}?environment_id=${environmentId}&${query}`);
        if (status !== 200 && status !== 400) others.push(`${list}?${query.slice(0, 100)}: ${status}`);
      }
    }
    expect(others).toEqual([]);
    expect(({} as { a?: string }).a).toBeUndefined();
  });

  it.each(['/webhook/', '//webhook/', '/webhook/?'])('may write %s with a slash at its end', async (path) => {
    (await client.get(path)).expect(200);
    (await client.post(path, { target_url: TARGET })).expect(201);
  });

  it('is told that there is nothing at two slashes', async () => {
    (await client.get('/webhook//?limit=1')).expectError(404, 'ROUTE_NOT_FOUND');
    (await client.post('/webhook//', { target_url: TARGET })).expectError(404, 'ROUTE_NOT_FOUND');
  });

  it('may speak HTTP/1.0', async () => {
    const { token } = await service.token(environmentId);
    const body = JSON.stringify({ target_url: TARGET });
    const answer = await exchange(
      `POST //webhook? HTTP/1.0\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ target_url: TARGET });
  });
});

/** Everything that is answered to these bytes until the connection is closed. */
async function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(service.url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

import { gzipSync } from 'node:zlib';
import type { ApiClient, RequestOptions } from '../support/client.js';
import { useService } from '../support/process.js';

const TARGET = 'https://example.com/webhook';
const JSON_TYPE = { 'content-type': 'application/json' };

/** Small, so that a body over the limit is sent in one piece. */
const MAX_EVENT_BYTES = 4096;
const MAX_BODY_BYTES = 16_384;

const service = useService({
  env: { MAX_EVENT_BYTES: String(MAX_EVENT_BYTES), MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
});

describe('an error', () => {
  let client: ApiClient;

  beforeAll(async () => {
    ({ client } = await service.tenant());
  });

  const raw = (text: string | Buffer): RequestOptions => ({ rawBody: text, headers: JSON_TYPE });
  const validWebhook = JSON.stringify({ target_url: TARGET });

  it.each<[string, string, string, RequestOptions, number, string]>([
    ['an unknown path', 'GET', '/nowhere', {}, 404, 'ROUTE_NOT_FOUND'],
    ['an unknown path below a known one', 'GET', '/webhook/x/y/z', {}, 404, 'ROUTE_NOT_FOUND'],
    ['a path in other letters', 'GET', '/Webhook', {}, 404, 'ROUTE_NOT_FOUND'],
    ['malformed JSON', 'POST', '/webhook', raw('{"target_url":'), 400, 'MALFORMED_JSON'],
    ['text after the JSON', 'POST', '/webhook', raw(`${validWebhook} x`), 400, 'MALFORMED_JSON'],
    [
      'a repeated member',
      'POST',
      '/webhook',
      raw(`{"target_url":"${TARGET}","target_url":"${TARGET}"}`),
      400,
      'MALFORMED_JSON',
    ],
    [
      'a member repeated in another spelling',
      'POST',
      '/webhook',
      raw(`{"target_url":"${TARGET}","target\\u005furl":"${TARGET}"}`),
      400,
      'MALFORMED_JSON',
    ],
    [
      'invalid UTF-8',
      'POST',
      '/webhook',
      raw(Buffer.from([...Buffer.from('{"target_url":"'), 0xff, 0x22, 0x7d])),
      400,
      'MALFORMED_JSON',
    ],
    ['a JSON array as the body', 'POST', '/webhook', raw('[]'), 400, 'VALIDATION_FAILED'],
    ['null as the body', 'POST', '/webhook', raw('null'), 400, 'VALIDATION_FAILED'],
    [
      'plain text',
      'POST',
      '/webhook',
      { rawBody: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a form',
      'POST',
      '/webhook',
      { rawBody: 'target_url=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a body without a content type', 'POST', '/webhook', { rawBody: validWebhook }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'JSON in another charset',
      'POST',
      '/webhook',
      { rawBody: validWebhook, headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a compressed body',
      'POST',
      '/webhook',
      { rawBody: gzipSync(validWebhook), headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body over the limit',
      'POST',
      '/event',
      { body: { pad: 'x'.repeat(MAX_BODY_BYTES) } },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'an event over the limit',
      'POST',
      '/event',
      { body: { event_type: 'record:created', payload: { pad: 'x'.repeat(MAX_EVENT_BYTES) } } },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'an event of a batch over the limit',
      'POST',
      '/event/batch',
      { body: { events: [{ event_type: 'record:created', payload: { pad: 'x'.repeat(MAX_EVENT_BYTES) } }] } },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    ['a cursor that no list made', 'GET', '/webhook?next_cursor=rubbish', {}, 400, 'INVALID_CURSOR'],
    ['a cursor that no event list made', 'GET', '/event?next_cursor=rubbish', {}, 400, 'INVALID_CURSOR'],
    ['a cursor that no delivery list made', 'GET', '/delivery?next_cursor=rubbish', {}, 400, 'INVALID_CURSOR'],
    [
      'a private address as the target',
      'POST',
      '/webhook',
      { body: { target_url: 'http://10.0.0.1/' } },
      400,
      'TARGET_URL_NOT_ALLOWED',
    ],
    [
      'credentials in the target',
      'POST',
      '/webhook',
      { body: { target_url: 'https://a:b@example.com/' } },
      400,
      'TARGET_URL_NOT_ALLOWED',
    ],
    [
      'a fragment in the target',
      'POST',
      '/webhook',
      { body: { target_url: `${TARGET}#top` } },
      400,
      'TARGET_URL_NOT_ALLOWED',
    ],
    [
      'a target with another scheme',
      'POST',
      '/webhook',
      { body: { target_url: 'file:///etc/passwd' } },
      400,
      'TARGET_URL_NOT_ALLOWED',
    ],
    [
      'a target under a local name',
      'POST',
      '/webhook',
      { body: { target_url: 'https://db.internal/' } },
      400,
      'TARGET_URL_NOT_ALLOWED',
    ],
  ])('of %s has its form and its code', async (_, method, path, options, status, code) => {
    (await client.request(method, path, options)).expectError(status, code);
  });

  it.each<[string, string, string, RequestOptions, string]>([
    ['a missing target_url', 'POST', '/webhook', { body: {} }, 'target_url'],
    ['a target_url of another type', 'POST', '/webhook', { body: { target_url: 7 } }, 'target_url'],
    ['a null target_url', 'POST', '/webhook', { body: { target_url: null } }, 'target_url'],
    ['an empty event_types', 'POST', '/webhook', { body: { target_url: TARGET, event_types: [] } }, 'event_types'],
    [
      'an unknown event type',
      'POST',
      '/webhook',
      { body: { target_url: TARGET, event_types: ['record:created', 'record:gone'] } },
      'event_types.1',
    ],
    ['the type test', 'POST', '/webhook', { body: { target_url: TARGET, event_types: ['test'] } }, 'event_types.0'],
    ['an is_active in quotes', 'POST', '/webhook', { body: { target_url: TARGET, is_active: 'false' } }, 'is_active'],
    ['an unknown field', 'POST', '/webhook', { body: { target_url: TARGET, surprise: 1 } }, 'surprise'],
    [
      'an unknown field in the prototype',
      'POST',
      '/webhook',
      raw(`{"target_url":"${TARGET}","__proto__":{}}`),
      '__proto__',
    ],
    [
      'an unknown field of an event',
      'POST',
      '/event',
      { body: { event_type: 'record:created', payload: {}, x: 1 } },
      'x',
    ],
    ['an unknown event_type', 'POST', '/event', { body: { event_type: 'record:gone', payload: {} } }, 'event_type'],
    ['a missing payload', 'POST', '/event', { body: { event_type: 'record:created' } }, 'payload'],
    ['an array as payload', 'POST', '/event', { body: { event_type: 'record:created', payload: [] } }, 'payload'],
    ['a text as payload', 'POST', '/event', { body: { event_type: 'record:created', payload: '{}' } }, 'payload'],
    ['an empty batch', 'POST', '/event/batch', { body: { events: [] } }, 'events'],
    ['a limit of zero', 'GET', '/webhook?limit=0', {}, 'limit'],
    ['a limit over 1000', 'GET', '/webhook?limit=1001', {}, 'limit'],
    ['a limit that is no number', 'GET', '/webhook?limit=many', {}, 'limit'],
    ['a doubled query parameter', 'GET', '/webhook?limit=1&limit=2', {}, 'limit'],
    ['an is_active that is neither', 'GET', '/webhook?is_active=maybe', {}, 'is_active'],
    ['an unknown status', 'GET', '/delivery?status=lost', {}, 'status'],
    ['a filter that is no id', 'GET', '/delivery?webhook_id=7', {}, 'webhook_id'],
    ['a time that is none', 'GET', '/event?created_after=yesterday', {}, 'created_after'],
  ])('of %s names the field', async (_, method, path, options, field) => {
    const { details } = (await client.request(method, path, options)).expectError(400, 'VALIDATION_FAILED');
    expect(details!.failures!.map((failure) => failure.field)).toEqual([field]);
    expect(details!.failures![0]!.message).not.toBe('');
  });

  it('of several bad fields names them all', async () => {
    const reply = await client.post('/webhook', { target_url: 1, is_active: 1, event_types: 1, surprise: 1 });
    const { details } = reply.expectError(400, 'VALIDATION_FAILED');
    const fields = new Set(details!.failures!.map(({ field }) => field));
    expect(fields).toEqual(new Set(['target_url', 'is_active', 'event_types', 'surprise']));
  });

  it.each(['\\u0000', '\\ud800'])('of %s in a field of ours is a 400', async (text) => {
    expect((await client.request('POST', '/webhook', raw(`{"target_url":"${TARGET}?${text}"}`))).status).toBe(400);
    expect((await service.admin.request('POST', '/environment', raw(`{"name":"a${text}"}`))).status).toBe(400);
  });

  it('of a payload that is nested deeper than 64 levels is a 400', async () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
    const publish = (payload: string) =>
      client.request('POST', '/event', raw(`{"event_type":"record:created","payload":${payload}}`));
    expect((await publish(nested(64))).status).toBe(202);
    expect((await publish(nested(65))).status).toBe(400);
  });

  it('of a batch over 1,000 events is a 400', async () => {
    const events = Array.from({ length: 1001 }, () => ({}));
    (await client.post('/event/batch', { events })).expectError(400, 'VALIDATION_FAILED');
  });

  it.each(['', 'x'.repeat(256), 'tab\there'])('of an Idempotency-Key out of bounds is a 400 (%j)', async (key) => {
    const reply = await client.post('/webhook', { target_url: TARGET }, { headers: { 'idempotency-key': key } });
    reply.expectError(400, 'VALIDATION_FAILED');
  });

  it.each([
    ['PUT', '/webhook', ['GET', 'POST']],
    ['POST', '/webhook/4a4de828-f4db-4c9e-adfd-434e0864c3c7', ['DELETE', 'GET', 'PATCH']],
    ['DELETE', '/event', ['GET', 'POST']],
    ['POST', '/delivery', ['GET']],
    ['POST', '/me', ['GET']],
    ['POST', '/health/live', ['GET']],
    ['PUT', '/event/batch', ['POST']],
    ['GET', '/event/batch', ['POST']],
    ['DELETE', '/event/batch', ['POST']],
    ['GET', '/webhook/test', ['POST']],
    ['PATCH', '/webhook/test', ['POST']],
    ['DELETE', '/webhook/test/', ['POST']],
  ])('of %s %s is a 405 that lists the methods', async (method, path, allowed) => {
    const reply = await client.request(method, path);
    reply.expectError(405, 'METHOD_NOT_ALLOWED');
    const allow = (reply.headers.allow ?? '').split(/, */).filter((name) => name !== 'HEAD' && name !== 'OPTIONS');
    expect(allow.sort()).toEqual(allowed);
  });

  it.each([
    ['no token', undefined],
    ['an unknown token', 'Bearer tidings_unknown'],
    ['another scheme', 'Basic YTpi'],
    ['an empty token', 'Bearer '],
  ])('of %s is a 401 with WWW-Authenticate', async (_, authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    const reply = await service.client().get('/webhook', { headers });
    reply.expectError(401, 'UNAUTHORIZED');
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it.each<[string, RequestOptions]>([
    ['malformed', { rawBody: '{', headers: JSON_TYPE }],
    ['plain text', { rawBody: 'x', headers: { 'content-type': 'text/plain' } }],
    ['too large', { body: { pad: 'x'.repeat(MAX_BODY_BYTES) } }],
  ])('of no token comes before that of a body that is %s', async (_, options) => {
    for (const path of ['/webhook', '/event', '/event/batch']) {
      (await service.client().request('POST', path, options)).expectError(401, 'UNAUTHORIZED');
    }
  });

  it('of an admin who names no environment, or an unknown one, says so', async () => {
    (await service.admin.get('/webhook')).expectError(400, 'ENVIRONMENT_REQUIRED');
    const unknown = '/webhook?environment_id=4a4de828-f4db-4c9e-adfd-434e0864c3c7';
    (await service.admin.get(unknown)).expectError(404, 'ENVIRONMENT_NOT_FOUND');
  });

  it('of an API token that names another environment says so, in the query and in the body', async () => {
    const other = await service.tenant();
    for (const path of ['/webhook', '/event-type', '/me']) {
      (await client.get(`${path}?environment_id=${other.environmentId}`)).expectError(400, 'ENVIRONMENT_MISMATCH');
    }
    const body = { target_url: TARGET, environment_id: other.environmentId };
    expect((await client.post('/webhook', body)).status).toBe(400);
  });
});

describe('every answer', () => {
  it('has a request id of its own', async () => {
    const { client } = await service.tenant();
    const replies = [
      await client.get('/webhook'),
      await client.get('/nowhere'),
      await client.request('PUT', '/webhook'),
      await service.client().get('/webhook'),
      await service.client().get('/health/live'),
    ];
    const ids = replies.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(replies.length);
  });
});

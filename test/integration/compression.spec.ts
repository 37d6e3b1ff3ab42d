import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import Fastify, { type FastifyInstance } from 'fastify';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/app.setup.js';
import { compressAnswers } from '../../src/http/compress-answers.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { leastBodyOf, OPERATIONS } from '../support/operations.js';

/** Their answers hold a secret, by the contract. */
const WITH_SECRET = ['POST /webhook', 'POST /webhook/{id}/rotate-secret', 'POST /api-token'];
const CODINGS = ['identity', 'gzip', 'br'] as const;
const ADMIN_TOKEN = 'an-admin-token-for-tests-of-enough-length';

const decoded = (body: Buffer, coding: unknown): string => {
  if (coding === 'gzip') return gunzipSync(body).toString();
  if (coding === 'br') return brotliDecompressSync(body).toString();
  expect(coding).toBeUndefined();
  return body.toString();
};

describe('answers in a coding that was asked for', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  /** What was answered, before anything was done to it: by the request's id. */
  const answered = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    const config = loadConfig({
      DATABASE_URL: database.url,
      ADMIN_TOKEN,
      ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      RATE_LIMIT_PER_10S: '1000000',
    });
    const logger = new PinoLogger({ level: 'silent' });
    // Whatever its length, so that every operation shows what it may.
    app = await createApp(config, AppModule.forRoot(config), { logger, minCompressedBytes: 1 });
    const server = app.getHttpAdapter().getInstance();
    server.addHook('onRequest', (request, reply, done) => {
      const send = reply.send.bind(reply);
      reply.send = (payload?: unknown) => {
        answered.set(request.id, typeof payload === 'string' ? payload : JSON.stringify(payload));
        return send(payload);
      };
      done();
    });
    await app.init();
    await server.ready();
  });

  afterAll(async () => {
    await app?.close();
    await database?.close();
  });

  const call = async (
    method: string,
    url: string,
    { coding = 'identity', body }: { coding?: string; body?: object } = {},
  ) => {
    const response = await app.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'accept-encoding': coding },
      ...(body && { payload: body }),
    });
    return { ...response, status: response.statusCode };
  };
  const made = async (url: string, body: object): Promise<string> => {
    const { status, payload } = await call('POST', url, { body });
    if (status >= 300) throw new Error(payload);
    return (JSON.parse(payload) as { id: string }).id;
  };

  /** One of each resource, in an environment of its own. */
  const world = async () => {
    const environmentId = await made('/environment', { name: 'story', allow_duplicate_name: true });
    const of = `?environment_id=${environmentId}`;
    const webhookId = await made(`/webhook${of}`, { target_url: 'https://127.0.0.1:1024/' });
    const event = { event_type: 'record:created', payload: { text: 'anything' } };
    const eventId = await made(`/event${of}`, event);
    const deliveries = JSON.parse((await call('GET', `/delivery${of}`)).payload) as { result: { id: string }[] };
    const tokenId = await made('/api-token', { name: 'story', environment_id: environmentId });
    const ids: Record<string, string> = {
      webhook: webhookId,
      event: eventId,
      delivery: deliveries.result[0]!.id,
      environment: environmentId,
      'api-token': tokenId,
    };
    return { ids, of, names: { webhookId, environmentId } };
  };

  it.each(Object.keys(OPERATIONS))('are the bytes of the plain one: %s', async (name) => {
    const [method, path] = name.split(' ') as [string, string];
    let found = await world();
    for (const coding of CODINGS) {
      if (method === 'DELETE' && coding !== 'identity') found = await world();
      const { ids, of, names } = found;
      const [, resource] = /^\/([a-z-]+)/.exec(path)!;
      const isOfEnvironment = !['admin', 'no token', 'any token'].includes(OPERATIONS[name]!);
      const url = path.replace('{id}', ids[resource!] ?? '') + (isOfEnvironment ? of : '');
      const body = leastBodyOf(name, names);
      const { headers, rawPayload } = await call(method, url, { coding, ...(body && { body }) });
      const expected = coding === 'identity' || WITH_SECRET.includes(name) ? undefined : coding;
      expect({ name, coding: headers['content-encoding'] }).toEqual({ name, coding: expected });
      expect(Number(headers['content-length'])).toBe(rawPayload.length);
      expect(decoded(rawPayload, expected)).toBe(answered.get(headers['x-request-id'] as string));
      if (WITH_SECRET.includes(name)) expect(headers['vary']).toBeUndefined();
      else expect(headers['vary']).toBe('Accept-Encoding');
    }
  });

  it('are left as they are where nothing is known of the path', async () => {
    const { status, headers } = await call('GET', '/missing', { coding: 'br' });
    expect(status).toBe(404);
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('have in HEAD the headers of GET', async () => {
    const { of } = await world();
    const url = `/webhook${of}`;
    const [head, get] = [await call('HEAD', url, { coding: 'gzip' }), await call('GET', url, { coding: 'gzip' })];
    expect(head.rawPayload.length).toBe(0);
    for (const name of ['content-encoding', 'content-length', 'vary', 'content-type']) {
      expect({ name, value: head.headers[name] }).toEqual({ name, value: get.headers[name] });
    }
    expect(head.headers['content-encoding']).toBe('gzip');
  });

  describe('of the documentation', () => {
    const paths = [
      '/docs',
      '/docs/start.js',
      '/docs/swagger-ui.css',
      '/docs/swagger-ui-bundle.js',
      '/openapi.json',
      '/openapi-3.0.json',
    ];

    it.each(paths)('are the bytes of the plain one, each with its tag: %s', async (url) => {
      const plain = await call('GET', url);
      const tags = new Set();
      for (const coding of CODINGS) {
        const { status, headers, rawPayload } = await call('GET', url, { coding });
        expect(status).toBe(200);
        const isLong = plain.rawPayload.length >= 1024;
        expect(headers['content-encoding']).toBe(coding === 'identity' || !isLong ? undefined : coding);
        expect(headers['vary']).toBe('Accept-Encoding');
        expect(decoded(rawPayload, headers['content-encoding'])).toBe(plain.payload);
        if (isLong) {
          expect(tags.has(headers['etag'])).toBe(false);
          tags.add(headers['etag']);
        }
        const again = await app.inject({
          url,
          headers: { 'accept-encoding': coding, 'if-none-match': headers['etag'] as string },
        });
        expect([again.statusCode, again.rawPayload.length, again.headers['etag']]).toEqual([304, 0, headers['etag']]);
      }
    });

    it('send the page to a browser in less than a quarter of what it weighs', async () => {
      let [plain, coded] = [0, 0];
      for (const url of paths.filter((path) => path !== '/openapi-3.0.json')) {
        plain += (await call('GET', url)).rawPayload.length;
        coded += (await call('GET', url, { coding: 'gzip, deflate, br, zstd' })).rawPayload.length;
      }
      expect(plain).toBeGreaterThan(2_000_000);
      expect(coded).toBeLessThan(plain / 4);
    });
  });
});

describe('compressAnswers', () => {
  const text = 'one row of a list, '.repeat(20_000);
  let server: FastifyInstance;

  beforeEach(() => {
    server = Fastify();
    compressAnswers(server, { mayCompress: (operation) => operation !== 'GET /secret' });
    server.get('/long', (_request, reply) => reply.type('text/plain').send(text));
    server.get('/short', (_request, reply) => reply.type('text/plain').send('x'.repeat(1_023)));
    server.get('/kilobyte', (_request, reply) => reply.type('text/plain').send('\u00e4'.repeat(512)));
    server.get('/secret', (_request, reply) => reply.type('text/plain').send(text));
    server.get('/bytes', (_request, reply) => reply.send(Buffer.from(text)));
    server.get('/vary', (_request, reply) => reply.header('Vary', 'Accept').type('text/plain').send(text));
  });

  afterEach(() => server.close());

  const get = (url: string) => server.inject({ url, headers: { 'accept-encoding': 'gzip' } });

  it('compresses from a kilobyte on, texts alone, and what may be', async () => {
    const coded: Record<string, unknown> = {};
    for (const url of ['/long', '/short', '/kilobyte', '/secret', '/bytes']) {
      coded[url] = (await get(url)).headers['content-encoding'];
    }
    expect(coded).toEqual({
      '/long': 'gzip',
      '/short': undefined,
      '/kilobyte': 'gzip',
      '/secret': undefined,
      '/bytes': undefined,
    });
  });

  it('adds to Vary', async () => {
    expect((await get('/vary')).headers['vary']).toBe('Accept, Accept-Encoding');
  });

  it('leaves to itself what comes while two are compressed, and then goes on', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/long')));
    const codings = answers.map(({ headers }) => headers['content-encoding']);
    expect(codings.filter((coding) => coding === 'gzip').length).toBeGreaterThanOrEqual(2);
    expect(codings).toContain(undefined);
    for (const { rawPayload, headers } of answers) {
      expect(decoded(rawPayload, headers['content-encoding'])).toBe(text);
    }
    expect((await get('/long')).headers['content-encoding']).toBe('gzip');
  });
});

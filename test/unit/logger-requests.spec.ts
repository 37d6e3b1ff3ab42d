import { fastify, type FastifyInstance } from 'fastify';
import { PinoLogger } from '../../src/observability/logger.js';
import { logRequests, type RequestLogOptions } from '../../src/observability/request-log.js';

const CANARY = 'canary-91bd';
const TOKEN_ID = '0199f0a2-5ac4-7c31-9d3e-6a3a1d3c6a01';

describe('logRequests', () => {
  let server: FastifyInstance;
  let lines: string[];

  const serve = async (level: 'info' | 'debug' = 'info', which: RequestLogOptions['which'] = 'all'): Promise<void> => {
    lines = [];
    const stream = { write: (line: string) => void lines.push(line) };
    server = fastify({ genReqId: () => 'request-1', trustProxy: '192.0.2.1' });
    logRequests(server, new PinoLogger({ level, stream }), {
      which,
      senderOf: (request) => ((request as { url: string }).url.startsWith('/webhook') ? TOKEN_ID : null),
    });
    server.post('/webhook/:id', (_, reply) => reply.status(201).send({ secret: CANARY }));
    server.get('/fails', () => Promise.reject(new Error(CANARY)));
    for (const url of ['/event', '/event/batch', '/webhook', '/health/live', '/metrics']) {
      server.route({ method: ['GET', 'POST'], url, handler: () => ({ status: 'ok' }) });
    }
    server.get('/metrics-of-mine', () => ({ status: 'ok' }));
    await server.ready();
  };
  beforeEach(() => serve());
  afterEach(() => server.close());

  const only = (): unknown => {
    expect(lines).toHaveLength(1);
    return JSON.parse(lines[0]!);
  };

  it('tells of a request by its route, its token and its sender, without URL, headers and body', async () => {
    await server.inject({
      method: 'POST',
      url: `/webhook/${CANARY}?q=${CANARY}`,
      headers: { authorization: `Bearer ${CANARY}`, 'x-other': CANARY },
      payload: { target_url: CANARY },
      remoteAddress: '2001:db8::7',
    });
    expect(lines[0]).not.toContain(CANARY);
    expect(only()).toEqual({
      level: 'info',
      time: expect.any(String),
      context: 'Http',
      msg: 'request',
      method: 'POST',
      route: '/webhook/:id',
      status: 201,
      duration_ms: expect.any(Number),
      request_id: 'request-1',
      token_id: TOKEN_ID,
      client: '2001:db8::7',
    });
  });

  it('has no route for a path that there is not, and no token where there was none', async () => {
    await server.inject({ url: `/${CANARY}` });
    expect(lines[0]).not.toContain(CANARY);
    expect(only()).toMatchObject({ method: 'GET', route: null, status: 404, token_id: null });
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    [`${CANARY}.example`, null],
  ])('takes %s from a proxy that is trusted for %s', async (forwarded, client) => {
    await server.inject({ url: '/webhook', remoteAddress: '192.0.2.1', headers: { 'x-forwarded-for': forwarded } });
    expect(only()).toMatchObject({ client });
  });

  it('tells of a request that failed', async () => {
    await server.inject({ url: '/fails' });
    expect(only()).toMatchObject({ route: '/fails', status: 500 });
  });

  it.each([
    ['GET', '/health/live', 'debug'],
    ['GET', '/metrics', 'debug'],
    ['POST', '/event', 'debug'],
    ['POST', '/event/batch', 'debug'],
    ['GET', '/event', 'info'],
    ['GET', '/webhook', 'info'],
    ['GET', '/metrics-of-mine', 'info'],
  ] as const)('tells of %s %s at level %s while it succeeds', async (method, url, level) => {
    await server.inject({ method, url });
    expect(lines).toHaveLength(level === 'info' ? 1 : 0);
    await server.close();
    await serve('debug');
    await server.inject({ method, url });
    expect(only()).toMatchObject({ level, method, route: url });
  });

  it.each([
    ['all', ['/webhook', '/nowhere', '/fails']],
    ['errors', ['/nowhere', '/fails']],
    ['none', []],
  ] as const)('with %s tells of %j', async (which, told) => {
    await server.close();
    await serve('info', which);
    const urls = ['/webhook', '/nowhere', '/fails'];
    for (const url of urls) await server.inject({ url });
    const statuses = lines.map((line) => (JSON.parse(line) as { status: number }).status);
    const byUrl: Record<string, number> = { '/webhook': 200, '/nowhere': 404, '/fails': 500 };
    expect(statuses).toEqual(told.map((url) => byUrl[url]));
  });
});

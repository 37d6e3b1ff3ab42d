import { fastify, type FastifyInstance } from 'fastify';
import { PinoLogger } from '../../src/observability/logger.js';
import { logRequests } from '../../src/observability/request-log.js';

const CANARY = 'canary-91bd';

describe('logRequests', () => {
  let server: FastifyInstance;
  let lines: string[];

  beforeEach(async () => {
    lines = [];
    const stream = { write: (line: string) => void lines.push(line) };
    server = fastify({ genReqId: () => 'request-1' });
    logRequests(server, new PinoLogger({ level: 'info', stream }));
    server.post('/webhook/:id', (_, reply) => reply.status(201).send({ secret: CANARY }));
    server.get('/fails', () => Promise.reject(new Error(CANARY)));
    server.get('/health/live', () => ({ status: 'ok' }));
    await server.ready();
  });
  afterEach(() => server.close());

  const only = (): unknown => {
    expect(lines).toHaveLength(1);
    return JSON.parse(lines[0]!);
  };

  it('tells of a request by its route, without URL, headers and body', async () => {
    await server.inject({
      method: 'POST',
      url: `/webhook/${CANARY}?q=${CANARY}`,
      headers: { authorization: `Bearer ${CANARY}`, 'x-other': CANARY },
      payload: { target_url: CANARY },
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
    });
  });

  it('has no route for a path that there is not', async () => {
    await server.inject({ url: `/${CANARY}` });
    expect(lines[0]).not.toContain(CANARY);
    expect(only()).toMatchObject({ method: 'GET', route: null, status: 404 });
  });

  it('tells of a request that failed', async () => {
    await server.inject({ url: '/fails' });
    expect(only()).toMatchObject({ route: '/fails', status: 500 });
  });

  it('is silent about health checks at level info', async () => {
    await server.inject({ url: '/health/live' });
    expect(lines).toEqual([]);
  });
});

import { connect, type AddressInfo } from 'node:net';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.setup.js';
import { SERVER_LIMITS, type ServerLimits } from '../../src/http/server-limits.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { errorIn, SlowClient } from '../support/slow-client.js';
import { until } from '../support/wait.js';

/** More than what the system takes from a server whose client does not read. */
const LARGE = 'x'.repeat(32 * 1_048_576);

@Controller('thing')
class ThingController {
  @Get()
  get(): unknown {
    return {};
  }

  @Get('later')
  async later(): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { is: 'later' };
  }

  @Get('large')
  large(): unknown {
    return { padding: LARGE };
  }

  @Post()
  post(@Body() body: object): unknown {
    return body;
  }
}

@Module({ controllers: [ThingController] })
class ThingModule {}

const HEADERS_TIMEOUT_MS = 500;
const REQUEST_TIMEOUT_MS = 1_200;
/** Beyond the deadline, on a busy machine. */
const LATE_MS = 600;
const LIMITS: ServerLimits = {
  ...SERVER_LIMITS,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  checkIntervalMs: 20,
  maxConnections: 100,
};

const GET = 'GET /thing HTTP/1.1\r\nHost: x\r\n';
const POST = 'POST /thing HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

let app: NestFastifyApplication;
const lines: string[] = [];
const clients: SlowClient[] = [];

async function start(limits: ServerLimits, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const logger = new PinoLogger({ level: 'warn', stream: { write: (line) => void lines.push(line) } });
  app = await createApp(loadConfig(env), ThingModule, { logger, limits });
  await app.listen(0, '127.0.0.1');
}

function open(text: string, everyMs: number | null = 20, from?: string): SlowClient {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const client = new SlowClient(port, text, everyMs, 'a', from);
  clients.push(client);
  return client;
}

/** What a client gets that asks for something at once; null: its connection was closed. */
const askAtOnce = async (from?: string): Promise<number | null> => {
  const { text } = await open(`${GET}Connection: close\r\n\r\n`, null, from).ended;
  return text === '' ? null : Number(text.split(' ')[1]);
};

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await app.close();
  lines.length = 0;
});

describe('A client that', () => {
  beforeEach(() => start(LIMITS));

  it.each([
    ['sends nothing', '', null, HEADERS_TIMEOUT_MS],
    ['drips its request line', 'GET /thing', 20, HEADERS_TIMEOUT_MS],
    ['stops within its request line', 'GET /thing', null, HEADERS_TIMEOUT_MS],
    ['drips a header', `${GET}X-Slow: `, 20, HEADERS_TIMEOUT_MS],
    ['stops within its headers', GET, null, HEADERS_TIMEOUT_MS],
    ['drips its body', `${POST}Content-Length: 100000\r\n\r\n{"name":"`, 20, REQUEST_TIMEOUT_MS],
    ['stops within its body', `${POST}Content-Length: 100000\r\n\r\n{`, null, REQUEST_TIMEOUT_MS],
    ['drips a chunk', `${POST}Transfer-Encoding: chunked\r\n\r\nffff\r\n{"name":"`, 20, REQUEST_TIMEOUT_MS],
    ['never sends its last chunk', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`, null, REQUEST_TIMEOUT_MS],
  ])('%s gets a 408 when its time is over, and its connection ends', async (_, text, everyMs, deadlineMs) => {
    const { text: answer, afterMs } = await open(text, everyMs).ended;
    expect(afterMs).toBeGreaterThanOrEqual(deadlineMs - 5);
    expect(afterMs).toBeLessThan(deadlineMs + LATE_MS);
    const { status, head, body } = errorIn(answer);
    expect(status).toBe(408);
    expect(body).toMatchObject({ statusCode: 408, error: 'Request Timeout', code: 'REQUEST_TIMEOUT' });
    expect(head).toMatch(/^X-Request-Id: [0-9a-f-]{36}\r$/im);
    expect(head).toMatch(/^Connection: close(\r|$)/im);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('drips its second request gets the answer to the first, and a 408', async () => {
    const { text } = await open(`${GET}\r\n${GET}X-Slow: `).ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(errorIn(text)).toMatchObject({ status: 408, body: { code: 'REQUEST_TIMEOUT' } });
  });

  it.each([
    ['POST /nothing', '', 404],
    ['POST /nothing', 'Connection: close\r\n', 404],
    ['GET /thing', '', 200],
  ])('drips a body that nobody reads gets one answer, and its connection ends: %s %j', async (line, header, status) => {
    const head = `${line} HTTP/1.1\r\nHost: x\r\n${header}Content-Length: 100000\r\n\r\n`;
    const { text, afterMs } = await open(head).ended;
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(afterMs).toBeLessThan(REQUEST_TIMEOUT_MS + LATE_MS);
  });

  it('breaks its chunks off after its answer gets no other', async () => {
    const client = open('POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', null);
    await until('the answer', () => client.answers.includes('ROUTE_NOT_FOUND'));
    client.send('no chunk\r\n');
    expect((await client.ended).text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404']);
  });

  it.each([
    ['what is no request', 'no request\r\n\r\n'],
    ['half a request', GET],
  ])('sends %s after its request gets the answer to that, and no other', async (_, rest) => {
    const { text } = await open(`GET /thing/later HTTP/1.1\r\nHost: x\r\n\r\n${rest}`, null).ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('later');
    // Half a request is late on its own account, once the first has its answer.
    expect(text.match(/HTTP\/1\.1 \d+/g)!.slice(1)).toEqual(rest === GET ? ['HTTP/1.1 408'] : []);
  });

  it('is slow, but in time, is served', async () => {
    const client = open(`${GET}X-Slow: `);
    await new Promise((resolve) => setTimeout(resolve, HEADERS_TIMEOUT_MS / 4));
    client.send('\r\nConnection: close\r\n\r\n');
    expect((await client.ended).text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('waits between two requests is not taken for a slow one', async () => {
    const client = open(`${GET}\r\n`, null);
    await new Promise((resolve) => setTimeout(resolve, REQUEST_TIMEOUT_MS + 200));
    client.send(`${GET}Connection: close\r\n\r\n`);
    expect((await client.ended).text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  });
});

describe('A connection too many', () => {
  const MAX = 5;

  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      app.getHttpServer().getConnections((error: Error | null, count: number) => {
        if (error) reject(error);
        else resolve(count);
      });
    });

  const openAll = async (text: string): Promise<void> => {
    for (let opened = 0; opened < MAX; opened += 1) await open(text, null).connected;
    await until('the server to have them', async () => (await connections()) === MAX);
  };

  beforeEach(() => start({ ...LIMITS, headersTimeoutMs: 2_000, requestTimeoutMs: 3_000, maxConnections: MAX }));

  it('is closed unanswered, until a slow one has had its time', async () => {
    await openAll(`${GET}X-Slow: `);
    expect(await askAtOnce()).toBeNull();
    expect(await askAtOnce()).toBeNull();
    const refusals = lines.filter((line) => line.includes('connections are refused'));
    expect(refusals.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'warn', limit: MAX }),
    ]);
    await until('the slow ones to be ended', async () => (await askAtOnce()) === 200);
  });

  it('makes those give way that wait for a next request', async () => {
    await openAll(`${GET}\r\n`);
    await until('their answers', async () => (await askAtOnce()) === 200);
  });

  it('does not cut off an answer that its client is slow to read', async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').pause();
    socket.write('GET /thing/large HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the server to have it', async () => (await connections()) === 1);
    await openAll(`${GET}X-Slow: `).catch(() => undefined);
    expect(await askAtOnce()).toBeNull();
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length)).resume();
    await until('all of the answer', () => bytes > LARGE.length);
    socket.destroy();
  });
});

describe('A connection too many of one address', () => {
  const MAX = 3;
  const EVERY_LIMIT = { ...LIMITS, headersTimeoutMs: 2_000, requestTimeoutMs: 3_000, maxConnectionsPerNetwork: MAX };

  const openAll = async (text: string, from?: string): Promise<SlowClient[]> => {
    const opened = Array.from({ length: MAX }, () => open(text, null, from));
    for (const { connected } of opened) await connected;
    return opened;
  };

  it('is closed unanswered, while others are served, until one has ended', async () => {
    await start(EVERY_LIMIT);
    const slow = await openAll(`${GET}X-Slow: `);
    await until('the next to be refused', async () => (await askAtOnce()) === null);
    expect(await askAtOnce()).toBeNull();
    expect(await askAtOnce('127.0.0.2')).toBe(200);
    const refusals = lines.filter((line) => line.includes('from one network are refused'));
    expect(refusals.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'warn', network: '127.0.0.1', limit: MAX }),
    ]);
    slow[0]!.close();
    await until('there to be room', async () => (await askAtOnce()) === 200);
  });

  it('makes those from there give way that wait for a next request, and no others', async () => {
    await start(EVERY_LIMIT);
    const others = await openAll(`${GET}\r\n`, '127.0.0.2');
    const own = await openAll(`${GET}\r\n`);
    await until('their answers', () => [...others, ...own].every(({ answers }) => answers.includes('200 OK')));
    await until('there to be room', async () => (await askAtOnce()) === 200);
    for (const client of own) expect((await client.ended).text).toMatch(/^HTTP\/1\.1 200 /);
    for (const client of others) client.send(`${GET}Connection: close\r\n\r\n`);
    for (const client of others) expect((await client.ended).text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  });

  it('is none where the address is a proxy’s, whose connections are everybody’s', async () => {
    await start(EVERY_LIMIT, { TRUST_PROXY: '10.0.0.0/8,127.0.0.1' });
    await openAll(`${GET}X-Slow: `);
    await openAll(`${GET}X-Slow: `);
    expect(await askAtOnce()).toBe(200);
    await openAll(`${GET}X-Slow: `, '127.0.0.2');
    await until('another to be refused', async () => (await askAtOnce('127.0.0.2')) === null);
  });
});

describe('A connection', () => {
  it('that waits for its next request too long is closed', async () => {
    await start({ ...LIMITS, keepAliveTimeoutMs: 100 });
    const { text, afterMs } = await open(`${GET}\r\n`, null).ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(afterMs).toBeGreaterThanOrEqual(95);
  });

  it('without a byte in either direction for too long is closed', async () => {
    await start({ ...LIMITS, silenceTimeoutMs: 100, headersTimeoutMs: 20_000, requestTimeoutMs: 20_000 });
    const { text } = await open(`${POST}Content-Length: 10\r\n\r\n{`, null).ended;
    expect(text).toBe('');
  });
});

describe('The limits', () => {
  it('are those of the server', async () => {
    await start(SERVER_LIMITS);
    expect(app.getHttpServer()).toMatchObject({
      headersTimeout: 20_000,
      requestTimeout: 120_000,
      keepAliveTimeout: 72_000,
      timeout: 300_000,
      maxConnections: 4_096,
    });
  });
});

import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.setup.js';
import { SERVER_LIMITS, type ServerLimits } from '../../src/http/server-limits.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { RawConnection, type RawAnswer } from '../support/raw-connection.js';
import { until } from '../support/wait.js';

/* What a caller may send before and around a body, byte for byte; docs/security.md has the table. */

/** Holds requests until the test lets them go on. */
class Gate {
  readonly entered: string[] = [];
  private readonly waiting: (() => void)[] = [];

  pass(name: string): Promise<void> {
    this.entered.push(name);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  openNext(): void {
    this.waiting.shift()!();
  }
}

@Controller('thing')
class ThingController {
  constructor(private readonly gate: Gate) {}

  @Get()
  get(): unknown {
    return { is: 'a thing' };
  }

  @Get('slow')
  async slow(): Promise<unknown> {
    await this.gate.pass('slow');
    return { is: 'slow' };
  }

  @Post()
  @HttpCode(200)
  post(@Body() body?: object): unknown {
    return { members: Object.keys(body ?? {}) };
  }

  @Post('slow')
  @HttpCode(200)
  async slowPost(@Body() body: object): Promise<unknown> {
    await this.gate.pass('post');
    return { members: Object.keys(body) };
  }
}

@Module({ controllers: [ThingController], providers: [Gate] })
class ThingModule {}

const MAX_BODY_BYTES = 100_000;
/** Four of the largest bodies, two of one owner: where MAX_BODY_BYTES decides. */
const LIMITS: ServerLimits = { ...SERVER_LIMITS, maxWaitingRequests: 5, maxBytesOfBodies: 0 };

const HOST = 'Host: x\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const GET = `GET /thing HTTP/1.1\r\n${HOST}`;
const POST = `POST /thing HTTP/1.1\r\n${HOST}${JSON_TYPE}`;
const BODY = '{"name":1}';
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNKS = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

let app: NestFastifyApplication;
let gate: Gate;
const connections: RawConnection[] = [];

const open = (from?: string): RawConnection => {
  const connection = new RawConnection((app.getHttpServer().address() as AddressInfo).port, from);
  connections.push(connection);
  return connection;
};

beforeAll(async () => {
  const config = loadConfig({ MAX_BODY_BYTES: String(MAX_BODY_BYTES), MAX_EVENT_BYTES: '50000' });
  app = await createApp(config, ThingModule, { logger: new PinoLogger({ level: 'silent' }), limits: LIMITS });
  await app.listen(0, '127.0.0.1');
  gate = app.get(Gate);
});

afterEach(() => {
  for (const connection of connections.splice(0)) connection.destroy();
  gate.entered.length = 0;
});

afterAll(() => app.close());

describe('A request that client, proxy and service could read differently', () => {
  it.each([
    ['two Authorization headers', `${GET}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`],
    ['two Host headers', `${GET}Host: y\r\n\r\n`],
    ['a Host that is none', 'GET /thing HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['two content types', `${POST}Content-Type: text/plain\r\n${LENGTH}\r\n${BODY}`],
    ['two idempotency keys', `${POST}Idempotency-Key: a\r\nIdempotency-Key: b\r\n${LENGTH}\r\n${BODY}`],
    ['two lengths', `${POST}${LENGTH}Content-Length: 1\r\n\r\n${BODY}`],
    ['a length and chunks', `${POST}${LENGTH}${CHUNKED}\r\n${CHUNKS}`],
    ['HTTP/1.0 with chunks', `POST /thing HTTP/1.0\r\n${JSON_TYPE}${CHUNKED}\r\n${CHUNKS}`],
    [
      'HTTP/1.0 with chunks that stays',
      `POST /thing HTTP/1.0\r\nConnection: keep-alive\r\n${JSON_TYPE}${CHUNKED}\r\n${CHUNKS}`,
    ],
    ['a coding beside chunks', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n${CHUNKS}`],
    ['chunks twice', `${POST}${CHUNKED}${CHUNKED}\r\n${CHUNKS}`],
    ['HTTP/0.9', `GET /thing HTTP/0.9\r\n${HOST}\r\n`],
    ['HTTP/2.0', `GET /thing HTTP/2.0\r\n${HOST}\r\n`],
    ['a fragment', `GET /thing#x HTTP/1.1\r\n${HOST}\r\n`],
    ['a folded header', `${GET}X: a\r\n b\r\n\r\n`],
    ['a space before a colon', `${GET}X : a\r\n\r\n`],
    ['line feeds alone', 'GET /thing HTTP/1.1\nHost: x\n\n'],
    ['a NUL in a header', `${GET}X: \0\r\n\r\n`],
    ['a method that is none', `${'G'.repeat(9_000)} /thing HTTP/1.1\r\n${HOST}\r\n`],
  ])('gets a 400, and its connection ends: %s', async (_, text) => {
    const answer = await open().send(text).closed();
    expect(answer).toMatchObject({ statuses: [400], codes: ['MALFORMED_REQUEST'] });
    expect(answer.text).toMatch(/^connection: close\r$/im);
  });

  it('takes nothing with it that was sent behind it', async () => {
    const smuggled = `POST /thing/slow HTTP/1.1\r\n${HOST}${JSON_TYPE}${LENGTH}\r\n${BODY}`;
    const head = `POST /thing HTTP/1.0\r\nConnection: keep-alive\r\n${JSON_TYPE}${CHUNKED}`;
    const answer = await open().send(`${head}\r\n${CHUNKS}${smuggled}`).closed();
    expect(answer.statuses).toEqual([400]);
    expect(gate.entered).toEqual([]);
  });
});

describe('A request that is unusual and plain', () => {
  it.each([
    ['the whole URL', `GET http://example.com/thing HTTP/1.1\r\n${HOST}\r\n`, 200],
    ['the whole URL, with a method that it has not', `PUT http://example.com/thing HTTP/1.1\r\n${HOST}\r\n`, 405],
    ['no host to name', 'GET /thing HTTP/1.1\r\nHost:\r\n\r\n', 200],
    ['the service as a whole', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 404],
    ['its own echo', `TRACE /thing HTTP/1.1\r\n${HOST}\r\n`, 405],
    ['another protocol', `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 200],
    ['another expectation', `${GET}Expect: 200-ok\r\n\r\n`, 200],
    ['chunk extensions', `${POST}${CHUNKED}\r\n${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\n\r\n`, 200],
    ['trailers', `${POST}${CHUNKED}\r\n${CHUNKS.replace('0\r\n\r\n', '0\r\nAuthorization: x\r\n\r\n')}`, 200],
    ['a method of WebDAV', `PROPFIND /thing HTTP/1.1\r\n${HOST}\r\n`, 405],
  ])('is answered: %s', async (_, text, status) => {
    expect((await open().send(text).answered()).statuses).toEqual([status]);
  });
});

describe('A request with too much around it', () => {
  const headers = (count: number): string => 'a:1\r\n'.repeat(count);

  it('has 2,000 headers at the most, all of which count', async () => {
    const last = 'Transfer-Encoding: gzip\r\n';
    expect(
      (
        await open()
          .send(`${GET}${headers(1_999)}\r\n`)
          .answered()
      ).statuses,
    ).toEqual([200]);
    for (const count of [2_000, 2_600]) {
      const answer = await open()
        .send(`${GET}${headers(count)}${last}\r\n`)
        .closed();
      expect(answer).toMatchObject({ statuses: [431], codes: ['HEADERS_TOO_LARGE'] });
    }
  });

  it.each([
    ['headers', `${GET}X: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['a target', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['trailers', `${POST}${CHUNKED}\r\n2\r\n{}\r\n0\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['chunk extensions', `${POST}${CHUNKED}\r\n2;${'x'.repeat(17_000)}\r\n{}\r\n0\r\n\r\n`, 413, 'PAYLOAD_TOO_LARGE'],
  ])('has 16 KiB of %s at the most', async (_, text, status, code) => {
    expect(await open().send(text).closed()).toMatchObject({ statuses: [status], codes: [code] });
  });

  it('has 100 query parameters at the most, and more are not even looked at', async () => {
    const ask = (count: number): Promise<RawAnswer> => {
      const query = Array.from({ length: count }, (_, index) => index.toString(36)).join('&');
      return open().send(`GET /thing?${query} HTTP/1.1\r\n${HOST}\r\n`).answered();
    };
    // Each is looked at: the route knows none of them.
    expect((await ask(100)).text).toContain('is not a known query parameter');
    for (const count of [101, 4_000]) {
      const answer = await ask(count);
      expect(answer).toMatchObject({ statuses: [400], codes: ['VALIDATION_FAILED'] });
      expect(answer.text).toContain('100 parameters');
    }
  });
});

describe('A body in chunks of a byte', () => {
  const inSmallChunks = (bytes: number): string => {
    const body = JSON.stringify({ name: 'x'.repeat(bytes - 11) });
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`);
    return `${POST}${CHUNKED}\r\n${chunks.join('')}0\r\n\r\n`;
  };

  it.each([
    [500, 200],
    [600, 400],
  ])('is read up to five hundred of them: %i, %i', async (bytes, status) => {
    expect((await open().send(inSmallChunks(bytes)).answered()).statuses).toEqual([status]);
  });
});

describe('A client that waits to be asked for its body', () => {
  const EXPECTING = `POST /thing HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n`;

  it('is asked for one that is wanted', async () => {
    const connection = open().send(`${EXPECTING}${JSON_TYPE}${LENGTH}\r\n`);
    await until('100 Continue', () => connection.answer.statuses[0] === 100);
    expect((await connection.send(BODY).answered()).statuses).toEqual([100, 200]);
    // The connection goes on.
    expect((await connection.send(`${GET}\r\n`).answered(2)).statuses).toEqual([100, 200, 200]);
  });

  it.each([
    ['too long', `${EXPECTING}${JSON_TYPE}Content-Length: 100001\r\n\r\n`, 413],
    ['of another type', `${EXPECTING}Content-Type: text/plain\r\n${LENGTH}\r\n`, 415],
    ['without a route', `POST /nothing HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n${JSON_TYPE}${LENGTH}\r\n`, 404],
    ['that a GET has', `GET /thing HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n${LENGTH}\r\n`, 200],
  ])('is told at once that one is not: %s', async (_, text, status) => {
    const connection = open().send(text);
    const { statuses, text: answer } = await connection.answered();
    expect(statuses).toEqual([status]);
    expect(answer).toMatch(/^connection: close\r$/im);
    connection.end();
    expect((await connection.closed()).statuses).toEqual([status]);
  });
});

describe('Requests that are sent ahead of their answers', () => {
  const named = (path: string, name: string): string => `GET ${path} HTTP/1.1\r\n${HOST}X-Request-Id: ${name}\r\n\r\n`;
  const namesIn = ({ text }: RawAnswer): string[] =>
    [...text.matchAll(/^x-request-id: (.*)\r$/gim)].map(([, name]) => name!);

  it('are worked on one after the other, in their order', async () => {
    const connection = open().send(named('/thing/slow', 'a') + named('/thing/slow', 'b') + named('/thing', 'c'));
    await until('the first to begin', () => gate.entered.length === 1);
    // Another connection does not wait for it.
    expect((await open().send(`${GET}\r\n`).answered()).statuses).toEqual([200]);
    expect(gate.entered).toHaveLength(1);
    expect(connection.answer.text).toBe('');
    gate.openNext();
    await until('the second to begin', () => gate.entered.length === 2);
    gate.openNext();
    const answer = await connection.answered(3);
    expect(answer.statuses).toEqual([200, 200, 200]);
    expect(namesIn(answer)).toEqual(['a', 'b', 'c']);
  });

  it('are refused in their turn where more wait than may', async () => {
    const count = LIMITS.maxWaitingRequests + 3;
    const rest = Array.from({ length: count }, (_, index) => named('/thing', `n${index}`));
    const connection = open().send(named('/thing/slow', 'first') + rest.join(''));
    await until('the first to begin', () => gate.entered.length === 1);
    gate.openNext();
    const answer = await connection.answered(count + 1);
    expect(answer.statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429, 429]);
    expect(answer.codes).toEqual(['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(answer.text).toMatch(/^retry-after: 1\r$/im);
    expect(namesIn(answer)).toEqual(['first', ...rest.map((_, index) => `n${index}`)]);
    // What was sent too early is forgotten.
    expect((await connection.send(named('/thing', 'later')).answered(count + 2)).statuses.at(-1)).toBe(200);
  });

  it('are not begun behind a refusal that ends their connection', async () => {
    const waiting = Array.from({ length: LIMITS.maxWaitingRequests }, (_, index) => named('/thing/slow', `n${index}`));
    const refused = `GET /thing HTTP/1.1\r\n${HOST}X-Request-Id: refused\r\nExpect: 100-continue\r\n\r\n`;
    const connection = open().send(named('/thing/slow', 'first') + waiting.join('') + refused);
    await until('the first to begin', () => gate.entered.length === 1);
    gate.openNext();
    await connection.answered(1);
    connection.send(named('/thing/slow', 'behind'));
    for (let begun = 2; begun <= 1 + waiting.length; begun++) {
      await until('the next to begin', () => gate.entered.length === begun);
      gate.openNext();
    }
    expect(namesIn(await connection.closed()).at(-1)).toBe('refused');
    expect(gate.entered).toHaveLength(1 + waiting.length);
  });

  it('are not begun any more when their connection is gone', async () => {
    const connection = open().send(named('/thing/slow', 'a') + named('/thing/slow', 'b'));
    await until('the first to begin', () => gate.entered.length === 1);
    connection.reset();
    // Whoever is asked after it knows of it, too.
    expect((await open().send(`${GET}\r\n`).answered()).statuses).toEqual([200]);
    gate.openNext();
    expect((await open().send(`${GET}\r\n`).answered()).statuses).toEqual([200]);
    expect(gate.entered).toHaveLength(1);
  });
});

describe('A client that closes its side', () => {
  it.each([
    ['after its request', 'GET /thing/slow', ''],
    ['after its body', 'POST /thing/slow', BODY],
  ])('%s gets its answer, and the connection ends', async (_, line, body) => {
    const type = body === '' ? '' : JSON_TYPE + LENGTH;
    const connection = open().send(`${line} HTTP/1.1\r\n${HOST}${type}\r\n${body}`).end();
    await until('the request to begin', () => gate.entered.length === 1);
    gate.openNext();
    expect((await connection.closed()).statuses).toEqual([200]);
  });

  it.each([
    ['within its headers', GET],
    ['within its body', `${POST}${LENGTH}\r\n{`],
    ['within a chunk', `${POST}${CHUNKED}\r\n5\r\n{`],
  ])('%s is told that the request is broken', async (_, text) => {
    expect(await open().send(text).end().closed()).toMatchObject({ statuses: [400], codes: ['MALFORMED_REQUEST'] });
  });
});

describe('Every answer', () => {
  it.each([
    ['a success', `${GET}\r\n`],
    ['an error', `GET /nothing HTTP/1.1\r\n${HOST}\r\n`],
    ['one to a malformed request', 'nonsense\r\n\r\n'],
    ['one to a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('is taken for what its type says, and not kept: %s', async (_, text) => {
    const { text: answer } = await open().send(text).answered();
    expect(answer).toMatch(/^x-content-type-options: nosniff\r$/im);
    expect(answer).toMatch(/^cache-control: no-store\r$/im);
  });
});

describe('The memory for bodies', () => {
  const announcing = `${POST}Content-Length: ${MAX_BODY_BYTES}\r\n\r\n`;
  /** All but a byte: it is held until the service says otherwise. */
  const unfinished = (from?: string): RawConnection => open(from).send(announcing + ' '.repeat(MAX_BODY_BYTES - 1));
  const codesOf = (all: RawConnection[]): string[] => all.flatMap(({ answer }) => answer.codes);

  it('is shared: a sender has room for two of the largest, others go on, and it comes back', async () => {
    const slow = Array.from({ length: 6 }, () => unfinished());
    await until('four to be refused', () => codesOf(slow).length === 4);
    expect(new Set(codesOf(slow))).toEqual(new Set(['RATE_LIMITED']));
    // Whoever comes from elsewhere has room, and so has a small body from there: the slow ones make it.
    const other = await open('127.0.0.2')
      .send(`${announcing}${' '.repeat(MAX_BODY_BYTES - 2)}{}`)
      .answered();
    expect(other.statuses).toEqual([200]);
    expect((await open().send(`${POST}${LENGTH}\r\n${BODY}`).answered()).statuses).toEqual([200]);
    for (const connection of slow) connection.destroy();
    for (let count = 0; count < 10; count += 1) {
      const whole = await open()
        .send(`${announcing}${' '.repeat(MAX_BODY_BYTES - 2)}{}`)
        .answered();
      expect(whole.statuses).toEqual([200]);
    }
  });

  it('is bounded in all: those who hold it longest make room', async () => {
    const slow = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].flatMap((from) => [unfinished(from), unfinished(from)]);
    await until('two to be refused', () => codesOf(slow).length === 2);
    expect(new Set(codesOf(slow))).toEqual(new Set(['SERVER_BUSY']));
    const refused = slow.find(({ answer }) => answer.codes.length > 0)!;
    expect(refused.answer.text).toMatch(/^HTTP\/1\.1 503 .*^retry-after: 1\r$/ims);
    const whole = await open()
      .send(`${announcing}${' '.repeat(MAX_BODY_BYTES - 2)}{}`)
      .answered();
    expect(whole.statuses).toEqual([200]);
  });

  it('is not taken by what was announced and does not come', async () => {
    for (let count = 0; count < 50; count += 1) open().send(announcing);
    const whole = await open()
      .send(`${announcing}${' '.repeat(MAX_BODY_BYTES - 2)}{}`)
      .answered();
    expect(whole.statuses).toEqual([200]);
  });

  it('counts a body until its answer is out', async () => {
    const line = `POST /thing/slow HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: ${MAX_BODY_BYTES}\r\n\r\n`;
    const body = `${' '.repeat(MAX_BODY_BYTES - 2)}{}`;
    const working = [open().send(line + body), open().send(line + body)];
    await until('both to be worked on', () => gate.entered.length === 2);
    const third = `${POST}${LENGTH}\r\n${BODY}`;
    expect(await open().send(third).answered()).toMatchObject({ statuses: [429], codes: ['RATE_LIMITED'] });
    gate.openNext();
    gate.openNext();
    for (const connection of working) expect((await connection.answered()).statuses).toEqual([200]);
    expect((await open().send(third).answered()).statuses).toEqual([200]);
  });

  it('holds a body whose bytes come one by one', async () => {
    const text = JSON.stringify({ name: 'x'.repeat(300) });
    const connection = open().send(`${POST}Content-Length: ${text.length}\r\n\r\n`);
    for (const byte of text) {
      connection.send(byte);
      await new Promise(setImmediate);
    }
    expect((await connection.answered()).text).toContain('{"members":["name"]}');
  });
});

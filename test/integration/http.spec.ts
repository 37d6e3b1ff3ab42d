import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Module, Patch, Post, Query } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsOptional, IsString } from 'class-validator';
import { QueryFailedError } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { ApiPayload } from '../../src/openapi/api-property.js';
import { ItemsOf } from '../../src/http/dto-shape.js';
import { ApiError, type FieldFailure } from '../../src/http/errors.js';
import type { HttpAdapter } from '../../src/http/http-adapter.js';
import { PageQuery } from '../../src/reads/page.js';
import { QueryBoolean, QueryDate, QueryUuid } from '../../src/openapi/query-property.js';
import { ShutdownState } from '../../src/http/shutdown-state.js';
import { Creates } from '../../src/openapi/creates.js';
import { UuidParam } from '../../src/openapi/uuid-param.js';
import { VerbatimJson } from '../../src/http/verbatim-json.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';

class MemberDto {
  @IsString()
  name: string;

  @ApiPayload({ description: 'A payload.' })
  payload: VerbatimJson;
}

class ThingDto {
  @IsString()
  name: string;

  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsIn(['a', 'b'], { each: true })
  kinds?: string[];

  @IsOptional()
  @ApiPayload({ description: 'A payload.' })
  payload?: VerbatimJson;

  @IsOptional()
  @ArrayMaxSize(3)
  @ItemsOf(MemberDto)
  events?: MemberDto[];
}

class ThingQuery extends PageQuery {
  @QueryBoolean()
  is_active?: boolean;

  @QueryDate({ description: 'Only things made later.' })
  created_after?: Date;

  @QueryUuid()
  webhook_id?: string;

  @IsOptional()
  @IsString()
  @ApiProperty()
  text?: string;
}

class FaultQuery {
  @IsString()
  kind: string;

  @IsOptional()
  @IsString()
  text?: string;
}

class DatabaseFault extends Error {
  constructor(
    readonly code: string,
    readonly severity = 'ERROR',
  ) {
    super('relation "secret_table" …');
  }
}

const FAULTS: Record<string, () => Error> = {
  unknown: () => new Error('the password is hunter2'),
  refused: () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
  timeout: () => new QueryFailedError('SELECT', [], new Error('Query read timeout')),
  deadlock: () => new QueryFailedError('SELECT', [], new DatabaseFault('40P01')),
  constraint: () => new QueryFailedError('SELECT', [], new DatabaseFault('23505')),
  conflict: () => new ApiError('IDEMPOTENCY_CONFLICT', 'used'),
};

/** Holds a request until the test lets it go on. */
class Gate {
  enter!: () => void;
  open!: () => void;
  readonly entered = new Promise<void>((resolve) => (this.enter = resolve));
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

@Controller('thing')
class ThingController {
  constructor(private readonly gate: Gate) {}

  @Get('slow')
  async slow(): Promise<unknown> {
    this.gate.enter();
    await this.gate.opened;
    return { finished: true };
  }

  @Post()
  create(@Body() body: ThingDto): unknown {
    const texts = [body.payload, ...(body.events ?? []).map(({ payload }) => payload)];
    const isDto = body instanceof ThingDto && (body.events ?? []).every((member) => member instanceof MemberDto);
    return { isDto, texts: texts.filter((text) => text instanceof VerbatimJson).map(({ text }) => text) };
  }

  @Get()
  list(@Query() query: ThingQuery): unknown {
    return { ...query, isDate: query.created_after instanceof Date };
  }

  @Get('fault')
  fault(@Query() { kind }: FaultQuery): never {
    throw FAULTS[kind]!();
  }

  @Get(':id')
  get(@UuidParam('WEBHOOK_NOT_FOUND') id: string): unknown {
    return { id };
  }

  @Post('made')
  @Creates(ThingDto as never, '/thing')
  make(): unknown {
    return { id: ID };
  }

  @Patch(':id')
  update(@UuidParam('WEBHOOK_NOT_FOUND') id: string): unknown {
    return { id };
  }

  @Delete(':id')
  @HttpCode(200)
  delete(@UuidParam('WEBHOOK_NOT_FOUND') id: string): unknown {
    return { id };
  }

  @Post(':id/retry')
  @HttpCode(202)
  retry(@UuidParam('WEBHOOK_NOT_FOUND') id: string, @Body() body?: object): unknown {
    return { id, body: body ?? null };
  }
}

@Module({ controllers: [ThingController], providers: [Gate] })
class ThingModule {}

const ID = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const JSON_TYPE = { 'content-type': 'application/json' };
const MAX_BODY_BYTES = 100_000;

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  /** An error's members, and whatever else was answered. */
  body: { code: string; message: string; details: { failures: FieldFailure[] } } & Record<string, unknown>;
}

describe('the HTTP layer', () => {
  let app: NestFastifyApplication;
  const lines: string[] = [];

  const start = async (env: NodeJS.ProcessEnv = {}): Promise<NestFastifyApplication> => {
    const config = loadConfig({ MAX_BODY_BYTES: String(MAX_BODY_BYTES), MAX_EVENT_BYTES: '50000', ...env });
    const logger = new PinoLogger({ level: 'warn', stream: { write: (line) => void lines.push(line) } });
    const started = await createApp(config, ThingModule, { logger });
    await started.listen(0, '127.0.0.1');
    return started;
  };

  const call = async (
    method: string,
    url: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {},
  ): Promise<Answer> => {
    const response = await app.inject({ method: method as 'GET', url, headers, ...(body !== undefined && { body }) });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };

  const post = (text: string): Promise<Answer> => call('POST', '/thing', { headers: JSON_TYPE, body: text });

  /** Bytes as written, on a connection of their own; resolves with all that came back. */
  const sendRaw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = '';
      const { port } = app.getHttpServer().address() as AddressInfo;
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk) => (received += chunk.toString('latin1')));
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });

  /** Sends it all on a connection that ends with the answer; resolves when it is closed, and rejects when it is reset. */
  const sendAndClose = (path: string, headers: Record<string, string>, body: Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const exchange = request({ port, path, host: '127.0.0.1', method: 'POST', agent: false, headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('error', reject);
        response.socket.on('close', () => {
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: JSON.parse(text) as Answer['body'],
          });
        });
      });
      exchange.on('error', reject);
      exchange.end(body);
    });

  beforeAll(async () => {
    app = await start();
  });

  afterAll(() => app.close());

  beforeEach(() => {
    lines.length = 0;
  });

  describe('paths and methods', () => {
    it('answers an unknown path', async () => {
      expect(await call('GET', '/nothing?token=x')).toMatchObject({
        status: 404,
        body: { statusCode: 404, error: 'Not Found', code: 'ROUTE_NOT_FOUND', message: 'No such path' },
      });
    });

    it.each([
      ['PUT', '/thing', 'GET, HEAD, POST'],
      ['DELETE', '/thing', 'GET, HEAD, POST'],
      ['OPTIONS', '/thing', 'GET, HEAD, POST'],
      ['PUT', `/thing/${ID}`, 'DELETE, GET, HEAD, PATCH'],
      ['POST', '/thing/fault', 'GET, HEAD'],
      ['DELETE', '/thing/fault', 'GET, HEAD'],
      ['GET', `/thing/${ID}/retry`, 'POST'],
      ['POST', '/openapi.json', 'GET, HEAD'],
    ])('answers %s %s with the methods that the path has', async (method, url, allow) => {
      expect(await call(method, url)).toMatchObject({
        status: 405,
        headers: { allow },
        body: { statusCode: 405, error: 'Method Not Allowed', code: 'METHOD_NOT_ALLOWED' },
      });
    });

    it('answers an unknown path before it looks at the body', async () => {
      const answer = await call('POST', '/nothing', { headers: { 'content-type': 'text/plain' }, body: 'x' });
      expect(answer.body).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    });

    it('answers HEAD where there is GET', async () => {
      const response = await app.inject({ method: 'HEAD', url: `/thing/${ID}` });
      expect(response.statusCode).toBe(200);
      expect(response.body).toBe('');
    });

    it.each([`/thing/${ID}?`, `//thing/${ID}`, `///thing/${ID}?`])('accepts %s', async (url) => {
      expect(await call('GET', url)).toMatchObject({ status: 200, body: { id: ID } });
    });

    it('gives a missing and any malformed id the same answer', async () => {
      const answers = await Promise.all(
        ['x', 'null', '%00', `${ID}0`, 'a'.repeat(5_000), '%zz', '%ff', `${ID}%`, '%'.repeat(15_000)].map((id) =>
          call('GET', `/thing/${id}`),
        ),
      );
      const missing = { statusCode: 404, error: 'Not Found', code: 'WEBHOOK_NOT_FOUND' };
      for (const { body } of answers) expect(body).toEqual({ ...missing, message: answers[0]!.body.message });
      expect(answers[0]!.body).toMatchObject(missing);
    });

    it('reads an id in either case', async () => {
      expect((await call('GET', `/thing/${ID.toUpperCase()}`)).body).toEqual({ id: ID });
    });

    it('takes a path that is not percent-encoded UTF-8 for an unknown one', async () => {
      expect(await call('GET', '/%ff?x=%zz')).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
      expect(await call('PUT', '/thing/%zz')).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
    });

    it('leaves a query as it was sent', async () => {
      expect((await call('GET', '/thing?text=%zz%25')).body).toMatchObject({ text: '%zz%25' });
      expect((await call('GET', `/thing?text=%ff&webhook_id=${ID}`)).body).toMatchObject({ webhook_id: ID });
    });
  });

  describe('request ids', () => {
    const FRESH = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

    it.each(['abc.DEF_1-2', 'x'.repeat(128)])("returns the caller's %s", async (id) => {
      const answer = await call('GET', `/thing/${ID}`, { headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toBe(id);
    });

    it.each(['', 'x'.repeat(129), 'a b', 'a"b', 'ä'])('replaces the unusable %j', async (id) => {
      const answer = await call('GET', `/thing/${ID}`, { headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toMatch(FRESH);
    });

    it.each([
      ['404', 'GET', '/nothing'],
      ['405', 'PUT', '/thing'],
      ['404 of a malformed path', 'GET', '/%ff'],
      ['500', 'GET', '/thing/fault?kind=unknown'],
    ])('gives one to a %s', async (_, method, url) => {
      expect((await call(method, url)).headers['x-request-id']).toMatch(FRESH);
    });
  });

  describe('bodies', () => {
    it('hands payloads on as they were written', async () => {
      const payload = '{ "n":9007199254740993, "d":1.0, "e":1e400, "u":"\\u0000\\ud800", "n":1, "__proto__":{} }';
      const answer = await post(`{"name":"x","payload":${payload},"events":[{"name":"y","payload": {"a": 1.0} }]}`);
      expect(answer).toMatchObject({ status: 201, body: { isDto: true, texts: [payload, '{"a": 1.0}'] } });
    });

    it.each([
      ['truncated', '{"name":'],
      ['repeating a member', '{"name":"x","name":"y"}'],
      ['nested too deep', `{"name":${'['.repeat(70)}${']'.repeat(70)}}`],
    ])('refuses a body that is %s', async (_, text) => {
      expect(await post(text)).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } });
    });

    it.each([
      ['text/plain', {}],
      ['application/x-www-form-urlencoded', {}],
      ['application/merge-patch+json', {}],
      ['application/json; charset=utf-16', {}],
      ['application/json; charset="iso-8859-1"', {}],
      ['nonsense', {}],
      ['application/json', { 'content-encoding': 'gzip' }],
    ])('refuses %s %j', async (type, headers) => {
      const answer = await call('POST', '/thing', {
        headers: { 'content-type': type, ...headers },
        body: '{"name":"x"}',
      });
      expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    });

    it('refuses a body without a content type', async () => {
      const answer = await call('POST', '/thing', { body: Buffer.from('{"name":"x"}') });
      expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    });

    it.each(['application/json; charset=UTF-8', 'Application/JSON;charset="utf-8"', 'application/json ; x=y'])(
      'accepts %s',
      async (type) => {
        const headers = { 'content-type': type, 'content-encoding': 'identity' };
        expect((await call('POST', '/thing', { headers, body: '{"name":"x"}' })).status).toBe(201);
      },
    );

    it.each([
      ['GET', `/thing/${ID}`, 200],
      ['DELETE', `/thing/${ID}`, 200],
      ['POST', `/thing/${ID}/retry`, 202],
    ])('takes a content type without a body for no body: %s %s', async (method, url, status) => {
      for (const type of ['application/json', 'text/plain', '']) {
        const answer = await call(method, url, { headers: { 'content-type': type, 'content-length': '0' } });
        expect(answer.status).toBe(status);
      }
    });

    it('takes an empty chunked body for no body', async () => {
      const answer = await sendRaw(
        `POST /thing/${ID}/retry HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n` +
          'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 202 .*"body":null/s);
    });

    it('refuses a body that is too large, by its announced and by its real length', async () => {
      const big = JSON.stringify({ name: 'x'.repeat(MAX_BODY_BYTES) });
      expect(await post(big)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
      const head = 'POST /thing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
      const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
      expect(await sendRaw(chunked)).toMatch(/^HTTP\/1\.1 413 .*"PAYLOAD_TOO_LARGE"/s);
    });

    it('answers a sender of a far too large body, who reads only when all is sent', async () => {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/thing`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: Buffer.alloc(20_000_000, 0x20),
      });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    });
  });

  describe('an answer to a body that was not read', () => {
    const LENGTHS = [MAX_BODY_BYTES + 1, 8 * 1024 * 1024 + 1, 30_000_000];
    const cases: [status: number, path: string, headers: Record<string, string>][] = [
      [413, '/thing', JSON_TYPE],
      [413, '/thing', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }],
      [415, '/thing', { 'content-type': 'text/plain' }],
      [415, '/thing', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
      [404, '/nothing', JSON_TYPE],
    ];

    it.each(cases)('reaches a client that closes after it: %d %s %j', async (status, path, headers) => {
      for (const length of LENGTHS) {
        const answer = await sendAndClose(path, headers, Buffer.alloc(length, 0x20));
        expect(answer).toMatchObject({ status, headers: { connection: 'close' }, body: { statusCode: status } });
      }
    });

    it('does not wait for the body', async () => {
      const socket = connect((app.getHttpServer().address() as AddressInfo).port, '127.0.0.1');
      socket.write('POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345');
      const [first] = (await once(socket, 'data')) as [Buffer];
      expect(first.toString()).toMatch(/^HTTP\/1\.1 404 /);
      socket.write('67890');
      await once(socket, 'close');
    });
  });

  describe('validation', () => {
    const failuresOf = ({ status, body }: Answer): unknown => {
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
      return body.details.failures.map(({ field }) => field);
    };

    it.each([
      ['{}', ['name']],
      ['{"name":"x","unknown":1,"other":{"a":1}}', ['unknown', 'other']],
      ['{"name":7}', ['name']],
      ['{"name":"x","kinds":["a","c",7,"b"]}', ['kinds.1', 'kinds.2']],
      ['{"name":"x","kinds":[]}', ['kinds']],
      ['{"name":"x","payload":"{}"}', ['payload']],
      ['{"name":"x","payload":[]}', ['payload']],
      ['{"name":"x","events":[{"name":"y","payload":{}},{"payload":{},"more":1}]}', ['events.1.more', 'events.1.name']],
      ['{"name":"x","events":[7]}', ['events.0']],
      ['{"name":"\\u0000"}', ['name']],
      ['{"name":"x","kinds":["\\ud800"]}', ['kinds.0']],
      ['{"name":"x","__proto__":{"polluted":1}}', ['__proto__']],
      ['{"name":"x","constructor":{"prototype":{}}}', ['constructor']],
      ['{"name":"x","events":[{"name":"y","payload":{},"__proto__":{}}]}', ['events.0.__proto__']],
      ['{"name":"x","events":[{"name":"y","payload":{},"valueOf":1}]}', ['events.0.valueOf']],
      ['null', ['']],
      ['[]', ['']],
      ['"x"', ['']],
      ['', ['name']],
    ])('refuses %s and names the fields', async (text, fields) => {
      const answer = await post(text);
      expect(failuresOf(answer)).toEqual(fields);
      expect({}).not.toHaveProperty('polluted');
    });

    it('says of what is missing that it is required, and of null what it is not', async () => {
      const missing = { field: 'name', message: 'is required' };
      for (const text of ['{}', '']) expect((await post(text)).body.details.failures).toEqual([missing]);
      const member = await post('{"name":"x","events":[{"payload":{}}]}');
      expect(member.body.details.failures).toEqual([{ ...missing, field: 'events.0.name' }]);
      expect((await post('{"name":null}')).body.details.failures).toEqual([
        { field: 'name', message: 'must be a string' },
      ]);
    });

    it.each([
      ['the one of UTF-8', Buffer.from('\ufeff{"name":"x"}'), 'byte order mark (EF BB BF)'],
      [
        'the one of UTF-16, little end first',
        Buffer.from('\ufeff{"name":"x"}', 'utf16le'),
        'byte order mark of UTF-16',
      ],
      ['the one of UTF-16', Buffer.from('\ufeff{"name":"x"}', 'utf16le').swap16(), 'byte order mark of UTF-16'],
    ])('names a byte order mark: %s', async (_, payload, named) => {
      const answer = await app.inject({ method: 'POST', url: '/thing', headers: JSON_TYPE, payload });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'MALFORMED_JSON']);
      expect(answer.json<{ message: string }>().message).toContain(named);
    });

    it.each(Object.getOwnPropertyNames(Object.prototype))('refuses the unknown field %s', async (name) => {
      expect(failuresOf(await post(`{"name":"x","${name}":1}`))).toEqual([name]);
    });

    it('says what is wrong in words that read on after the field', async () => {
      const { body } = await post('{"name":7,"kinds":["c"],"x":1}');
      expect(body.details.failures).toEqual([
        { field: 'x', message: 'is not a known field' },
        { field: 'name', message: 'must be a string' },
        { field: 'kinds.0', message: 'must be one of the following values: a, b' },
      ]);
      expect(body.message).toContain('name: must be a string');
    });

    it('answers a body of very many bad fields with a short list', async () => {
      const members = Array.from({ length: 5_000 }, (_, index) => `"f${index}":1`).join();
      const { body } = await post(`{${members}}`);
      expect(body.details.failures.length).toBeLessThanOrEqual(100);
      expect(body.message.length).toBeLessThan(1_000);
    });

    it('converts what the query declares', async () => {
      const query = `limit=7&is_active=false&created_after=2021-08-10T10:00:00Z&webhook_id=${ID.toUpperCase()}&next_cursor=&`;
      expect((await call('GET', `/thing?${query}`)).body).toEqual({
        limit: 7,
        is_active: false,
        created_after: '2021-08-10T10:00:00.000Z',
        webhook_id: ID,
        isDate: true,
      });
      expect((await call('GET', '/thing')).body).toEqual({ limit: 100, isDate: false });
    });

    it.each([
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=1e2', 'limit'],
      ['limit=', 'limit'],
      ['is_active=1', 'is_active'],
      ['is_active=False', 'is_active'],
      ['is_active=', 'is_active'],
      ['created_after=yesterday', 'created_after'],
      ['created_after=2021-02-30T00:00:00Z', 'created_after'],
      ['created_after=2021-08-10T10:00:00', 'created_after'],
      ['created_after=2021', 'created_after'],
      ['created_after=2021-02-30', 'created_after'],
      ['created_after=2021-08-10T10:00:00 Z', 'created_after'],
      ['webhook_id=7', 'webhook_id'],
      ['text=%00', 'text'],
      ['limit=1&limit=1', 'limit'],
      ['x=1&x=2', 'x'],
      ['x=1', 'x'],
      ['x', 'x'],
      ['=1', ''],
      ['created_at[gt]=2021-08-10', 'created_at[gt]'],
    ])('refuses the query %s', async (query, field) => {
      expect(failuresOf(await call('GET', `/thing?${query}`))).toEqual([field]);
    });
  });

  describe('faults', () => {
    it('tells nothing about an unexpected one, and logs it with the request id', async () => {
      const { status, headers, body } = await call('GET', '/thing/fault?kind=unknown&text=canary');
      expect(status).toBe(500);
      expect(Object.keys(body)).toEqual(['statusCode', 'error', 'code', 'message']);
      expect(body).toMatchObject({ error: 'Internal Server Error', code: 'INTERNAL_ERROR' });
      expect(JSON.stringify(body)).not.toContain('hunter2');
      const logged = lines.filter((line) => line.includes('"level":"error"'));
      expect(logged).toHaveLength(1);
      expect(JSON.parse(logged[0]!)).toMatchObject({ request_id: headers['x-request-id'], route: '/thing/fault' });
      expect(logged[0]).not.toContain('canary');
    });

    it.each(['refused', 'timeout', 'deadlock'])('asks to come back when the database fails: %s', async (kind) => {
      expect(await call('GET', `/thing/fault?kind=${kind}`)).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
        body: { error: 'Service Unavailable', code: 'DATABASE_BUSY' },
      });
    });

    it('takes a constraint that nobody expected for a fault of ours', async () => {
      const { status, body } = await call('GET', '/thing/fault?kind=constraint');
      expect(status).toBe(500);
      expect(JSON.stringify(body)).not.toContain('secret_table');
    });

    it('does not log an answer that is the caller’s doing', async () => {
      expect((await call('GET', '/thing/fault?kind=conflict')).status).toBe(409);
      expect(lines).toEqual([]);
    });
  });

  describe('what is no HTTP request', () => {
    it.each([
      ['nonsense', 'hello\r\n\r\n', 400, 'MALFORMED_REQUEST'],
      [
        'headers without end',
        `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
        431,
        'HEADERS_TOO_LARGE',
      ],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
        400,
        'MALFORMED_REQUEST',
      ],
      ['no host', 'GET /thing HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'MALFORMED_REQUEST'],
      ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
    ])('answers %s in the form of every error', async (_, text, status, code) => {
      const answer = await sendRaw(text);
      const [head, body] = answer.split('\r\n\r\n') as [string, string];
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(head).toMatch(/x-request-id: [0-9a-f-]{36}/i);
      expect(JSON.parse(body)).toMatchObject({ statusCode: status, code });
    });

    it('serves HTTP/1.0, which knows no host', async () => {
      expect(await sendRaw(`GET /thing/${ID} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    });

    it('passes over an expectation that it does not know', async () => {
      const answer = await sendRaw(
        `GET /thing/${ID} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 200-ok\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 .*x-request-id/is);
    });

    it('gives a tunnel the request id that it chose', async () => {
      const answer = await sendRaw('CONNECT a:1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n');
      expect(answer).toContain('X-Request-Id: mine\r\n');
    });
  });

  describe('documents', () => {
    it('serves the OpenAPI document and Swagger UI from itself', async () => {
      const document = (await call('GET', '/openapi.json')).body;
      expect(document).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), info: { title: 'Tidings' } });
      const page = await app.inject({ url: '/docs' });
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
      expect(assets.length).toBeGreaterThan(3);
      for (const asset of assets) {
        const { pathname, host } = new URL(asset, 'http://here/docs');
        expect(host).toBe('here');
        expect((await app.inject({ url: pathname })).statusCode).toBe(200);
      }
    });

    it.each(['development', 'production'])('lets Swagger UI run its own files alone (%s)', async (mode) => {
      const started = await start({ NODE_ENV: mode });
      try {
        for (const url of ['/docs', '/docs/start.js', '/docs/swagger-ui-bundle.js', '/openapi.json']) {
          const { statusCode, headers } = await started.inject({ url });
          expect({ url, statusCode, headers }).toMatchObject({
            statusCode: 200,
            headers: {
              'content-security-policy':
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
              'referrer-policy': 'no-referrer',
              'x-content-type-options': 'nosniff',
              'cache-control': 'no-cache',
            },
          });
        }
      } finally {
        await started.close();
      }
    });

    it('serves of the package what the page needs, and an unchanged file only once', async () => {
      for (const url of [
        '/docs/package.json',
        '/docs/index.html',
        '/docs/oauth2-redirect.html',
        '/docs/..%2fpackage.json',
        '/docs/../package.json',
        '/docs/%2e%2e/package.json',
        '/docs/./swagger-ui.css',
        '/docs//swagger-ui.css',
        '/docs/swagger-ui.css%00',
        '/docs/%5c..%5cpackage.json',
      ]) {
        expect(await sendRaw(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toMatch(
          /^HTTP\/1\.1 404 .*"ROUTE_NOT_FOUND"/s,
        );
      }
      for (const url of ['/docs', '/docs/start.js', '/docs/swagger-ui-bundle.js', '/openapi.json']) {
        const { headers } = await app.inject({ url });
        const again = await app.inject({ url, headers: { 'if-none-match': `"other", W/${headers.etag}` } });
        expect([again.statusCode, again.body]).toEqual([304, '']);
        const other = await app.inject({ url, headers: { 'if-none-match': '"other"', 'if-match': '"other"' } });
        expect(other.statusCode).toBe(200);
      }
    });

    it('names where it listens as the server, and that of PUBLIC_URL instead', async () => {
      const { servers } = (await call('GET', '/openapi.json')).body;
      expect(servers).toEqual([{ url: await app.getUrl() }]);
      const older = (await call('GET', '/openapi-3.0.json')).body;
      expect(older).toMatchObject({ openapi: expect.stringMatching(/^3\.0/), servers });
      const started = await start({ PUBLIC_URL: 'https://hooks.example.com/tidings/' });
      try {
        const document = (await started.inject({ url: '/openapi.json' })).json<{ servers: object[] }>();
        expect(document.servers).toEqual([{ url: 'https://hooks.example.com/tidings' }]);
      } finally {
        await started.close();
      }
    });

    it('says by a path where a new thing is, or by a URL below PUBLIC_URL', async () => {
      expect((await call('POST', '/thing/made')).headers['location']).toBe(`/thing/${ID}`);
      const started = await start({ PUBLIC_URL: 'https://hooks.example.com/tidings' });
      try {
        const { headers } = await started.inject({ method: 'POST', url: '/thing/made' });
        expect(headers.location).toBe(`https://hooks.example.com/tidings/thing/${ID}`);
      } finally {
        await started.close();
      }
    });

    it.each(['/docs/', '/docs/?a=b'])('leads from %s to the page, also below a path of a proxy', async (url) => {
      const { statusCode, headers } = await app.inject({ url });
      expect(statusCode).toBe(302);
      expect(new URL(headers.location!, 'https://host/tidings/docs/').pathname).toBe('/tidings/docs');
    });
  });

  describe('while it stops', () => {
    it('turns new requests away', async () => {
      const stopping = await start();
      (stopping.getHttpAdapter() as unknown as HttpAdapter).beforeClose();
      const late = await stopping.inject({ url: `/thing/${ID}`, headers: { 'x-request-id': 'late' } });
      expect(late.statusCode).toBe(503);
      expect(late.headers).toMatchObject({ connection: 'close', 'retry-after': '1', 'x-request-id': 'late' });
      expect(late.json()).toMatchObject({ error: 'Service Unavailable', code: 'SHUTTING_DOWN' });
      await stopping.close();
    });

    it('finishes what is in flight, and closes the connection with it', async () => {
      const stopping = await start();
      const gate = stopping.get(Gate);
      const answer = fetch(`${await stopping.getUrl()}/thing/slow`);
      await gate.entered;
      const closed = stopping.close();
      gate.open();
      const finished = await answer;
      expect(await finished.json()).toEqual({ finished: true });
      expect(finished.headers.get('connection')).toBe('close');
      await closed;
    });

    it('serves what comes before it closes, and lets each answer close its connection', async () => {
      const leaving = await start();
      expect((await leaving.inject({ url: `/thing/${ID}` })).headers['connection']).not.toBe('close');
      leaving.get(ShutdownState).leave();
      const urls = [`/thing/${ID}`, '/missing', '/openapi.json'];
      const answers = await Promise.all(urls.map((url) => leaving.inject({ url })));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 404, 200]);
      expect(answers.map(({ headers }) => headers['connection'])).toEqual(urls.map(() => 'close'));
      await leaving.close();
    });
  });
});

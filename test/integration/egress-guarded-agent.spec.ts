import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createServer as createTlsServer, type SecureVersion, type TlsOptions, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { AddressResolver } from '../../src/egress/address-resolver.js';
import type { EgressErrorKind } from '../../src/common/outcomes.js';
import { classifyFailure, EgressError } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { type Answer, Exchange } from '../../src/egress/exchange.js';
import { GuardedAgent, type RequestTarget } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { OwnAddresses } from '../../src/egress/own-addresses.js';
import { OriginConnections } from '../../src/egress/origin-connections.js';
import { RequestTimings } from '../../src/egress/request-timings.js';
import { CertificateAuthority, type CertificateOptions } from '../support/certificates.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Answers from a list, one for each look-up; the last one stays. */
class ScriptedResolver extends AddressResolver {
  asked = 0;

  constructor(private readonly answers: (string[] | Error | Promise<string[]>)[]) {
    super();
  }

  async resolve(): Promise<string[]> {
    const answer = this.answers[Math.min(this.asked, this.answers.length - 1)];
    this.asked += 1;
    if (!answer || answer instanceof Error) throw answer ?? new Error('no answer');
    return answer;
  }
}

interface Setup {
  allow?: string[];
  resolver?: AddressResolver;
  ownAddresses?: OwnAddresses;
  connectTimeoutMs?: number;
  trustedCertificates?: string;
}

const listen = useServers();

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function agentWith({
  allow = LOOPBACK,
  resolver = new ScriptedResolver([['127.0.0.1']]),
  ...rest
}: Setup = {}): GuardedAgent {
  const agent = new GuardedAgent(guardedConnector({ allowRanges: new AddressRanges(allow), resolver, ...rest }));
  cleanUps.push(() => agent.close());
  return agent;
}

const http = (listener: RequestListener): HttpServer => createHttpServer(listener);
const tcp = (onSocket: (socket: Socket) => void): Server => createTcpServer(onSocket);
/** Answers a request with these bytes, whatever it was. */
const bytes = (answer: string | Buffer): Server => tcp((socket) => socket.once('data', () => socket.end(answer)));

async function closed(socket: Socket | undefined): Promise<void> {
  if (socket && !socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
}

const targetOf = (url: string): RequestTarget => {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
};

const post = (agent: GuardedAgent, url: string, deadlineMs = 2_000): Promise<Answer> =>
  agent.request(targetOf(url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
    deadlineMs,
  });

async function failureOf(request: Promise<Answer>): Promise<EgressErrorKind> {
  const error: unknown = await request.then(
    () => new Error('there was an answer'),
    (reason: unknown) => reason,
  );
  expect(String(error)).not.toContain('there was an answer');
  return classifyFailure(error);
}

describe('a request', () => {
  it('posts to the path and query with the given headers and body, and reads the answer', async () => {
    const seen: { line: string; type: string | undefined; host: string | undefined; body: string }[] = [];
    const { port } = await listen(
      http((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { 'content-type': type, host } = request.headers;
          seen.push({ line: `${request.method} ${request.url}`, type, host, body: Buffer.concat(chunks).toString() });
          response.writeHead(201, { 'X-One': 'a', 'Set-Cookie': ['b=1', 'c=2'], 'Retry-After': '7' }).end('done');
        });
      }),
    );
    const agent = agentWith();
    const response = await post(agent, `http://hooks.example.com:${port}/in/%7Ea?b=c`);

    expect(response.status).toBe(201);
    expect(response.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': ['b=1', 'c=2'], 'retry-after': '7' });
    expect(response.body).toEqual({ text: 'done', truncated: false });
    await post(agent, `http://hooks.example.com:${port}/again`);
    const expected = { type: 'application/json', host: `hooks.example.com:${port}`, body: '{"a":1}' };
    expect(seen).toEqual([
      { line: 'POST /in/%7Ea?b=c', ...expected },
      { line: 'POST /again', ...expected },
    ]);
  });

  it('keeps the connection, whose address was checked, for the next one', async () => {
    const { port, connections } = await listen(http((_, response) => response.end('ok')));
    const resolver = new ScriptedResolver([['127.0.0.1']]);
    const agent = agentWith({ resolver });
    for (let sent = 0; sent < 5; sent += 1) {
      await post(agent, `http://hooks.example.com:${port}/`);
      // undici frees a connection in the turn after the answer's end.
      await setImmediate();
    }
    expect(connections).toHaveLength(1);
    expect(resolver.asked).toBe(1);
  });

  it('reaches a name by the address that answers, of several', async () => {
    const { port } = await listen(http((_, response) => response.end('ok')));
    const agent = agentWith({ resolver: new ScriptedResolver([['::1', '127.0.0.2', '127.0.0.1']]) });
    expect((await post(agent, `http://hooks.example.com:${port}/`)).status).toBe(200);
  });

  it('knocks at eight addresses of a long answer, and at no more', async () => {
    const { port, connections } = await listen(http((_, response) => response.end('ok')));
    const refusing = Array.from({ length: 7 }, (_, index) => `127.0.0.${index + 2}`);
    const reached = agentWith({ resolver: new ScriptedResolver([[...refusing, '127.0.0.1']]) });
    expect((await post(reached, `http://hooks.example.com:${port}/`)).status).toBe(200);
    const missed = agentWith({ resolver: new ScriptedResolver([[...refusing, '127.0.0.9', '127.0.0.1']]) });
    expect(await failureOf(post(missed, `http://hooks.example.com:${port}/`))).toBe('connect_error');
    expect(connections).toHaveLength(1);
  });

  it.each([301, 302, 307, 308])('does not follow a %i', async (status) => {
    let canary = 0;
    const target = await listen(http((_, response) => response.end(String((canary += 1)))));
    const location = `http://127.0.0.1:${target.port}/`;
    const { port } = await listen(http((_, response) => response.writeHead(status, { location }).end()));
    const response = await post(agentWith(), `http://127.0.0.1:${port}/`);
    expect(response.status).toBe(status);
    expect(response.headers['location']).toBe(location);
    expect(canary).toBe(0);
  });

  it('does not decode an encoded body: a small one could become gigabytes', async () => {
    const encoded = gzipSync(Buffer.alloc(1_048_576));
    const { port } = await listen(
      http((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(encoded)),
    );
    const { body } = await post(agentWith(), `http://127.0.0.1:${port}/`);
    expect(body.text.length).toBeLessThanOrEqual(4_096);
    expect(body.text.startsWith('\u001f\ufffd\b')).toBe(true);
  });
});

describe('the guard at connect', () => {
  const forbidden: [string, Setup][] = [
    ['a literal', { allow: [] }],
    ['a name that resolves to loopback', { allow: [], resolver: new ScriptedResolver([['127.0.0.1']]) }],
    ['a mixed answer', { allow: [], resolver: new ScriptedResolver([['93.184.215.14', '127.0.0.1']]) }],
    [
      'a mixed answer of both families',
      { allow: ['127.0.0.0/8'], resolver: new ScriptedResolver([['127.0.0.1', '::1']]) },
    ],
    ['a link-local answer with a zone', { resolver: new ScriptedResolver([['127.0.0.1', 'fe80::1%eth0']]) }],
    ['an answer that is no address', { resolver: new ScriptedResolver([['127.0.0.1', 'localhost']]) }],
    ['a NAT64 answer', { resolver: new ScriptedResolver([['64:ff9b::7f00:1']]) }],
  ];

  it.each(forbidden)('refuses %s without a connection', async (what, setup) => {
    const { port, connections } = await listen(http((_, response) => response.end('internal')));
    const host = what === 'a literal' ? '127.0.0.1' : 'hooks.example.com';
    expect(await failureOf(post(agentWith(setup), `http://${host}:${port}/`))).toBe('blocked_address');
    expect(connections).toHaveLength(0);
  });

  it.each(['[::1]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '0.0.0.0', '[::]'])(
    'refuses the literal %s even where 127.0.0.0/8 is open',
    async (host) => {
      const { port, connections } = await listen(
        http((_, response) => response.end('internal')),
        null,
      );
      expect(await failureOf(post(agentWith({ allow: ['127.0.0.0/8'] }), `http://${host}:${port}/`))).toBe(
        'blocked_address',
      );
      expect(connections).toHaveLength(0);
    },
  );

  it('refuses a name that has moved to a forbidden address since the last connection', async () => {
    const { port, connections } = await listen(
      http((_, response) => response.writeHead(200, { connection: 'close' }).end('ok')),
    );
    const agent = agentWith({
      allow: ['127.0.0.1/32'],
      resolver: new ScriptedResolver([['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2']]),
    });
    await post(agent, `http://hooks.example.com:${port}/`);
    expect(await failureOf(post(agent, `http://hooks.example.com:${port}/`))).toBe('blocked_address');
    expect(await failureOf(post(agent, `http://hooks.example.com:${port}/`))).toBe('blocked_address');
    expect(connections).toHaveLength(1);
  });

  it('refuses a connection that arrived elsewhere: 0.0.0.0 is allowed here, but leads to 127.0.0.1', async () => {
    const lines: unknown[] = [];
    const { port } = await listen(
      http((request, response) => {
        lines.push(request.url);
        response.end('internal');
      }),
    );
    expect(await failureOf(post(agentWith({ allow: ['0.0.0.0/32'] }), `http://0.0.0.0:${port}/`))).toBe(
      'blocked_address',
    );
    expect(lines).toEqual([]);
  });

  it('refuses a public address that this machine itself has, unless it was opened', async () => {
    const ownAddresses = new OwnAddresses(() => ['93.184.215.14', '2606:2800::1']);
    const resolver = new ScriptedResolver([['93.184.215.14'], ['2606:2800:0:0:0:0:0:1']]);
    const agent = agentWith({ ownAddresses, resolver });
    const urls = ['http://hooks.example.com:4000/', 'http://hooks6.example.com:4000/', 'http://93.184.215.14:4000/'];
    for (const url of urls) expect(await failureOf(post(agent, url))).toBe('blocked_address');

    const { port } = await listen(http((_, response) => response.end('ok')));
    const opened = agentWith({ ownAddresses: new OwnAddresses(() => ['127.0.0.1']) });
    expect((await post(opened, `http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('tells neither the address nor the errno of what it met', async () => {
    const agent = agentWith({ allow: [], resolver: new ScriptedResolver([['10.1.2.3']]) });
    const error: unknown = await post(agent, 'http://hooks.example.com:4000/').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EgressError);
    expect(String(error)).not.toMatch(/10\.1\.2\.3|E[A-Z]{4,}/);
  });
});

describe('a connection that fails', () => {
  it('is a dns_error when the name has no address', async () => {
    const resolver = new ScriptedResolver([new EgressError('dns_error', 'the host name has no address')]);
    expect(await failureOf(post(agentWith({ resolver }), 'http://nowhere.example.com:4000/'))).toBe('dns_error');
  });

  it('is a connect_error when it is refused', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await failureOf(post(agentWith(), `http://127.0.0.1:${port}/`))).toBe('connect_error');
    const both = agentWith({ resolver: new ScriptedResolver([['127.0.0.1', '::1']]) });
    expect(await failureOf(post(both, `http://hooks.example.com:${port}/`))).toBe('connect_error');
  });

  it('is a connect_timeout when nothing comes of it in time', async () => {
    const resolver = new ScriptedResolver([new Promise<string[]>(() => undefined)]);
    const agent = agentWith({ resolver, connectTimeoutMs: 300 });
    expect(await failureOf(post(agent, 'http://hooks.example.com:4000/', 5_000))).toBe('connect_timeout');
  });

  it('ends at the deadline even while it is being made, and the request is never sent', async () => {
    let answerNow: (addresses: string[]) => void = () => undefined;
    const resolver = new ScriptedResolver([new Promise<string[]>((resolve) => (answerNow = resolve)), ['127.0.0.1']]);
    const lines: string[] = [];
    const { port } = await listen(
      http((request, response) => {
        lines.push(String(request.url));
        response.end('ok');
      }),
    );
    const agent = agentWith({ resolver });
    const start = performance.now();
    expect(await failureOf(post(agent, `http://hooks.example.com:${port}/late`, 200))).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(1_000);

    answerNow(['127.0.0.1']);
    await post(agent, `http://hooks.example.com:${port}/next`);
    expect(lines).toEqual(['/next']);
  });
});

describe('an answer that does not come', () => {
  const hanging: [string, Server][] = [
    ['after the connection', tcp((socket) => socket.resume())],
    ['after the first bytes', tcp((socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nx: ')))],
    [
      'but for endless 102s',
      tcp((socket) => {
        socket.resume();
        const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      }),
    ],
    [
      'but for one header byte at a time',
      tcp((socket) => {
        socket.resume().write('HTTP/1.1 200 OK\r\nx: ');
        const timer = setInterval(() => socket.write('a'), 20);
        socket.on('close', () => clearInterval(timer));
      }),
    ],
  ];

  it.each(hanging)('%s is a timeout at the deadline', async (_, server) => {
    const { port, connections } = await listen(server);
    const start = performance.now();
    expect(await failureOf(post(agentWith(), `http://127.0.0.1:${port}/`, 400))).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(1_000);
    await closed(connections[0]);
    await setTimeout(50);
    expect(connections).toHaveLength(1);
  });
});

describe('an answer that is none', () => {
  const answers: [string, EgressErrorKind, Server][] = [
    ['a closed connection', 'reset', tcp((socket) => socket.once('data', () => socket.end()))],
    ['a reset on accept', 'reset', tcp((socket) => socket.resetAndDestroy())],
    ['a reset after the request', 'reset', tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))],
    [
      'a reset within the headers',
      'reset',
      tcp((socket) =>
        socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\na: b\r\n', () => socket.resetAndDestroy())),
      ),
    ],
    ['a banner of another protocol', 'protocol_error', bytes('SSH-2.0-OpenSSH_9.2p1\r\n')],
    ['a NUL in a header', 'protocol_error', bytes('HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n')],
    [
      'an unasked-for upgrade and nothing else',
      'protocol_error',
      bytes('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    ['16 KiB of 102s', 'response_too_large', bytes('HTTP/1.1 102 Processing\r\n\r\n'.repeat(700))],
    [
      'sixteen thousand empty headers',
      'response_too_large',
      bytes(`HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(16_000)}\r\n`),
    ],
    ['headers over 16 KiB', 'response_too_large', bytes(`HTTP/1.1 200 OK\r\na: ${'b'.repeat(17_000)}\r\n\r\n`)],
    ['ten thousand headers', 'response_too_large', bytes(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}\r\n`)],
  ];

  it.each(answers)('%s is a %s', async (_, kind, server) => {
    const { port } = await listen(server);
    expect(await failureOf(post(agentWith(), `http://127.0.0.1:${port}/`))).toBe(kind);
  });
});

describe('1xx answers', () => {
  const final = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
  const every = Array.from({ length: 100 }, (_, index) => `HTTP/1.1 ${index + 100} A\r\nlink: </a>\r\n\r\n`);
  const done = Promise.resolve();
  /** Each piece in a packet of its own. */
  const inPieces = (pieces: string[]): Server =>
    tcp((socket) =>
      socket.setNoDelay(true).on('data', () => {
        const [first = '', ...rest] = pieces;
        socket.write(first);
        void rest.reduce(
          (before, piece) => before.then(() => setTimeout(2)).then(() => void socket.write(piece)),
          done,
        );
      }),
    );

  it.each<[string, string[]]>([
    ['100', ['HTTP/1.1 100 Continue\r\n\r\n', final]],
    ['100 in one packet with the answer', [`HTTP/1.1 100 Continue\r\n\r\n${final}`]],
    ['100 in many pieces', [...'HTTP/1.1 100 Continue\r\n\r\n', ...final]],
    ['100 without a reason, and empty lines', ['HTTP/1.1 100 \r\n\r\n\r\n\r\n', final]],
    ['100 of HTTP/1.0', ['HTTP/1.0 100 Continue\r\n\r\n', final]],
    ['100 that closes', ['HTTP/1.1 100 Continue\r\nconnection: close\r\n\r\n', final]],
    ['100 with a length', ['HTTP/1.1 100 Continue\r\ncontent-length: 5\r\n\r\n', final]],
    ['101', ['HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', final]],
    ['every number', every.concat(final)],
  ])('are passed over, and the connection is used again: %s', async (_, pieces) => {
    const { port, connections } = await listen(inPieces(pieces));
    const agent = agentWith();
    for (let sent = 0; sent < 2; sent += 1) {
      const { status, body } = await post(agent, `http://127.0.0.1:${port}/`);
      expect([status, body]).toEqual([200, { text: 'ok', truncated: false }]);
      await setImmediate();
    }
    expect(connections).toHaveLength(1);
  });
});

describe('TLS', () => {
  const authority = new CertificateAuthority();
  const identity = authority.issue('hooks.example.com');
  const names: TLSSocket['servername'][] = [];

  afterAll(() => authority.remove());
  beforeEach(() => names.splice(0));

  const receiver = (): Server =>
    createTlsServer(identity, (socket: TLSSocket) => {
      names.push(socket.servername);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });
  const trusting = (): GuardedAgent => agentWith({ trustedCertificates: authority.certificate });

  it('sends the name of the URL, whatever address was connected to', async () => {
    const { port } = await listen(receiver());
    expect((await post(trusting(), `https://hooks.example.com:${port}/`)).status).toBe(200);
    expect(names).toEqual(['hooks.example.com']);
  });

  it('is a tls_untrusted_certificate with a certificate that nobody vouches for', async () => {
    const { port } = await listen(receiver());
    expect(await failureOf(post(agentWith(), `https://hooks.example.com:${port}/`))).toBe('tls_untrusted_certificate');
  });

  it('is verified even in a process with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const { port } = await listen(receiver());
    const source = (file: string): string => new URL(`../../src/egress/${file}.ts`, import.meta.url).href;
    const script = `
      import { classifyFailure } from '${source('attempt-error')}';
      import { AddressRanges } from '${source('blocked-ranges')}';
      import { GuardedAgent } from '${source('guarded-agent')}';
      import { guardedConnector } from '${source('guarded-connector')}';
      const allowRanges = new AddressRanges(['127.0.0.0/8']);
      const agent = new GuardedAgent(guardedConnector({ allowRanges, resolver: { resolve: async () => ['127.0.0.1'] } }));
      const request = { method: 'POST', headers: {}, body: '', deadlineMs: 10_000 };
      const target = { origin: 'https://hooks.example.com:${port}', path: '/' };
      console.log(await agent.request(target, request).then(({ status }) => status, classifyFailure));
      await agent.close();
    `;
    const runTypescript = new URL('../support/run-typescript.mjs', import.meta.url).href;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'reflect-metadata', '--import', runTypescript, '--input-type=module', '--eval', script],
      { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } },
    );
    expect(stdout).toBe('tls_untrusted_certificate\n');
  });

  const keptAt = (version: SecureVersion): TlsOptions => ({ minVersion: version, maxVersion: version });
  const weak = { ciphers: 'DEFAULT@SECLEVEL=0' };
  it.each<[string, number | EgressErrorKind, CertificateOptions, TlsOptions]>([
    ['TLS 1.3', 200, {}, keptAt('TLSv1.3')],
    ['TLS 1.2', 200, {}, keptAt('TLSv1.2')],
    ['TLS 1.1', 'tls_no_common_version', {}, { ...weak, ...keptAt('TLSv1.1') }],
    ['an RSA key of 2,048 bits', 200, { key: 'RSA-2048' }, {}],
    ['an RSA key of 1,024 bits', 'tls_weak_certificate', { key: 'RSA-1024' }, weak],
    [
      'an RSA key of 1,024 bits in TLS 1.2',
      'tls_weak_certificate',
      { key: 'RSA-1024' },
      { ...weak, ...keptAt('TLSv1.2') },
    ],
    ['a curve of 192 bits', 'tls_no_common_cipher', { key: 'P-192' }, weak],
    ['a certificate signed with SHA-1', 'tls_weak_certificate', { digest: 'sha1' }, weak],
  ])('with %s is: %s', async (_, expected, certificate, options) => {
    const server = createTlsServer({ ...authority.issue('hooks.example.com', certificate), ...options }, (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
    );
    server.on('tlsClientError', () => undefined);
    const { port } = await listen(server);
    const request = post(trusting(), `https://hooks.example.com:${port}/`);
    expect(await (expected === 200 ? request.then(({ status }) => status) : failureOf(request))).toBe(expected);
  });

  it('is a tls_weak_certificate with one of an authority whose key has 1,024 bits of RSA, trusted or not', async () => {
    const weakAuthority = new CertificateAuthority('RSA-1024');
    cleanUps.push(async () => weakAuthority.remove());
    const server = createTlsServer({ ...weakAuthority.issue('hooks.example.com'), ...weak });
    server.on('tlsClientError', () => undefined);
    const { port } = await listen(server);
    const agent = agentWith({ trustedCertificates: weakAuthority.certificate });
    expect(await failureOf(post(agent, `https://hooks.example.com:${port}/`))).toBe('tls_weak_certificate');
  });

  it.each(['other.example.com', '127.0.0.1'])(
    'is a tls_wrong_name with a certificate for another name than %s',
    async (host) => {
      const { port } = await listen(receiver());
      expect(await failureOf(post(trusting(), `https://${host}:${port}/`))).toBe('tls_wrong_name');
    },
  );

  it('is a tls_not_spoken with a server that speaks none', async () => {
    const { port } = await listen(http((_, response) => response.end('ok')));
    expect(await failureOf(post(trusting(), `https://hooks.example.com:${port}/`))).toBe('tls_not_spoken');
  });

  it('is a tls_timeout when the handshake stalls', async () => {
    const { port } = await listen(tcp((socket) => socket.resume()));
    const agent = agentWith({ connectTimeoutMs: 300 });
    expect(await failureOf(post(agent, `https://hooks.example.com:${port}/`, 5_000))).toBe('tls_timeout');
  });

  it('gives up a handshake that stalls at the deadline, and closes its socket', async () => {
    const { port, connections } = await listen(tcp((socket) => socket.resume()));
    expect(await failureOf(post(agentWith(), `https://hooks.example.com:${port}/`, 200))).toBe('timeout');
    await until('the socket to be closed', () => connections.every(({ destroyed }) => destroyed), 1_000);
    expect(connections).toHaveLength(1);
  });

  it('is a tls_no_common_cipher with a server that insists on a Diffie-Hellman group of its own', async () => {
    const server = createTlsServer({ ...identity, maxVersion: 'TLSv1.2', ciphers: 'DHE', dhparam: 'auto' });
    server.on('tlsClientError', () => undefined);
    const { port } = await listen(server);
    expect(await failureOf(post(trusting(), `https://hooks.example.com:${port}/`))).toBe('tls_no_common_cipher');
  });

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'says that a receiver demands a client certificate, however it ends the connection, in %s',
    async (version) => {
      const endings: ((socket: TLSSocket) => void)[] = [
        (socket) => socket.destroy(),
        (socket) => socket.end(),
        (socket) => socket.once('data', () => socket.destroy()),
      ];
      for (const ending of endings) {
        const options = { ...identity, ...keptAt(version), requestCert: true, rejectUnauthorized: false };
        const { port, connections } = await listen(
          createTlsServer(options, (socket) => ending(socket.on('error', () => undefined))),
        );
        const request = post(trusting(), `https://hooks.example.com:${port}/`);
        expect(await failureOf(request)).toBe('tls_client_certificate_required');
        expect(connections).toHaveLength(1);
      }
    },
  );

  it('takes the answer of a receiver that asks for a client certificate and does not insist', async () => {
    const options = { ...identity, requestCert: true, rejectUnauthorized: false };
    const server = createHttpsServer(options, (_, response) => response.writeHead(403).end());
    const { port, connections } = await listen(server);
    const agent = trusting();
    expect((await post(agent, `https://hooks.example.com:${port}/`)).status).toBe(403);
    await setImmediate();
    // A connection that was used is one for which no certificate was missed.
    server.removeAllListeners('request').on('request', (request) => request.socket.destroy());
    const gone = post(agent, `https://hooks.example.com:${port}/`);
    expect(await failureOf(gone)).toBe('tls_client_certificate_required');
    expect(connections).toHaveLength(2);
  });

  it('does not shake hands twice', async () => {
    let renegotiations = 0;
    const server = createTlsServer({ ...identity, maxVersion: 'TLSv1.2' }, (socket) => {
      socket.on('error', () => undefined);
      const again = (): void => {
        renegotiations += 1;
        socket.renegotiate({}, (error) => void (error ?? again()));
      };
      socket.once('data', again);
    });
    const { port } = await listen(server);
    await failureOf(post(trusting(), `https://hooks.example.com:${port}/`, 500));
    expect(renegotiations).toBe(1);
  });

  it('is a reset when the handshake is broken off', async () => {
    const { port } = await listen(tcp((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await failureOf(post(trusting(), `https://hooks.example.com:${port}/`))).toBe('reset');
  });
});

describe('the body of an answer', () => {
  const bodyOf = async (
    server: Server,
    deadlineMs?: number,
  ): Promise<{ body: Answer['body']; connections: Socket[] }> => {
    const { port, connections } = await listen(server);
    const { status, body } = await post(agentWith(), `http://127.0.0.1:${port}/`, deadlineMs);
    expect(status).toBe(200);
    return { body, connections };
  };
  const answering = (body: Buffer | string): Server => http((_, response) => response.end(body));

  it('keeps the first 4 KiB', async () => {
    const { body } = await bodyOf(answering('a'.repeat(5_000)));
    expect(body).toEqual({ text: 'a'.repeat(4_096), truncated: true });
  });

  it('calls a body of exactly 4 KiB whole, and none at all', async () => {
    expect((await bodyOf(answering('a'.repeat(4_096)))).body).toEqual({
      text: 'a'.repeat(4_096),
      truncated: false,
    });
    expect((await bodyOf(answering(''))).body).toEqual({ text: '', truncated: false });
  });

  it('replaces NUL and what is not UTF-8, and cuts no character in two', async () => {
    const { body } = await bodyOf(answering(Buffer.from('a\0b\xff\xed\xa0\x80c', 'latin1')));
    expect(body).toEqual({ text: 'a\ufffdb\ufffd\ufffd\ufffd\ufffdc', truncated: false });
    const { body: long } = await bodyOf(answering(`${'a'.repeat(4_095)}\u00e9`));
    expect(long).toEqual({ text: 'a'.repeat(4_095), truncated: true });
  });

  it('closes the connection of an endless body after 64 KiB', async () => {
    const { body, connections } = await bodyOf(
      http((_, response) => {
        const write = (): void => {
          while (!response.destroyed && response.write('b'.repeat(8_192)));
        };
        response.on('drain', write);
        write();
      }),
      10_000,
    );
    const start = performance.now();
    expect(body).toEqual({ text: 'b'.repeat(4_096), truncated: true });
    await closed(connections[0]);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('is cut off after two thousand pieces, be they of one byte', async () => {
    const { body, connections } = await bodyOf(
      tcp((socket) => {
        socket.setNoDelay(true).once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n');
          const drip = (): void => {
            if (!socket.destroyed) socket.write('a', () => void setImmediate().then(drip));
          };
          drip();
        });
      }),
      10_000,
    );
    expect(body.truncated).toBe(true);
    expect(body.text.length).toBeLessThan(4_096);
    await closed(connections[0]);
  });

  it('keeps what came of a body that is broken off', async () => {
    const { body } = await bodyOf(bytes('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial'));
    expect(body).toEqual({ text: 'partial', truncated: true });
  });

  it('keeps what came of a body with broken chunks', async () => {
    const { body } = await bodyOf(bytes('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n'));
    expect(body).toEqual({ text: 'part', truncated: true });
  });

  it.each([
    ['stalls', 0],
    ['drips', 30],
  ])('ends with the deadline when the body %s', async (_, everyMs) => {
    const start = performance.now();
    const { body } = await bodyOf(
      http((_request, response) => {
        response.write('c');
        if (everyMs === 0) return;
        const timer = setInterval(() => response.write('c'), everyMs);
        response.on('close', () => clearInterval(timer));
      }),
      400,
    );
    const { text, truncated } = body;
    expect(text).toMatch(/^c+$/);
    expect(truncated).toBe(true);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('an agent in a hurry', () => {
  it.each([
    ['has come', 'before'],
    ['comes', 'after'],
  ])('waits for a status as before, and 250 ms for its body, when the status %s', async (_, when) => {
    const answers: (() => void)[] = [];
    const { port, connections } = await listen(
      http((_request, response) => {
        answers.push(() => {
          const timer = setInterval(() => response.write('a'), 20);
          response
            .on('close', () => clearInterval(timer))
            .writeHead(200)
            .write('a');
        });
      }),
    );
    const agent = agentWith();
    const request = post(agent, `http://127.0.0.1:${port}/`, 20_000);
    const answer = await until('the request', () => answers[0]);
    if (when === 'before') answer();
    await setTimeout(50);
    agent.hurry();
    if (when === 'after') answer();
    const start = performance.now();
    const { status, body } = await request;
    expect([status, body.truncated]).toEqual([200, true]);
    expect(performance.now() - start).toBeLessThan(2_000);
    await closed(connections[0]);
  });

  it('that is closed gives the status that has come, and no answer where none has', async () => {
    const answers: (() => void)[] = [];
    const { port } = await listen(http((_request, response) => answers.push(() => response.writeHead(200).write('a'))));
    const agent = agentWith();
    const requests = [1, 2].map(() => post(agent, `http://127.0.0.1:${port}/`, 20_000));
    const outcomes = Promise.allSettled(requests);
    await until('the requests', () => answers.length === 2);
    answers[0]!();
    await setTimeout(50);
    await agent.close();
    expect((await outcomes).map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('keeps a body that is whole in time, and its connection', async () => {
    const { port, connections } = await listen(http((_, response) => response.end('ok')));
    const agent = agentWith();
    agent.hurry();
    expect((await post(agent, `http://127.0.0.1:${port}/`)).body).toEqual({ text: 'ok', truncated: false });
    await setImmediate();
    await post(agent, `http://127.0.0.1:${port}/`);
    expect(connections).toHaveLength(1);
  });
});

it('a closed agent leaves no connection, and its requests in flight are resets', async () => {
  const { port, connections } = await listen(tcp((socket) => socket.resume()));
  const agent = agentWith();
  const request = failureOf(post(agent, `http://127.0.0.1:${port}/`));
  await until('the connection', () => connections[0]);
  await agent.close();
  expect(await request).toBe('reset');
  await closed(connections[0]);
});

describe('the connections', () => {
  const setUp = async (server: Server, bounds: { originsMax?: number; idleMax?: number } = {}) => {
    const { port, connections } = await listen(server);
    const resolver = new ScriptedResolver([['127.0.0.1']]);
    const connect = guardedConnector({ allowRanges: new AddressRanges(LOOPBACK), resolver });
    const origins = new OriginConnections(connect, bounds);
    cleanUps.push(() => origins.destroy());
    const request = async (name: string): Promise<Answer> => {
      const exchange = new Exchange(2_000, new RequestTimings());
      origins.dispatch(`http://${name}.example.com:${port}`, { method: 'POST', path: '/' }, exchange);
      return exchange.answer;
    };
    return { request, connections };
  };

  it('above the number of origins, those of the idle one that was not used for longest are closed', async () => {
    const { request, connections } = await setUp(
      http((_, response) => response.end('ok')),
      { originsMax: 2 },
    );
    for (const name of ['a', 'b', 'a', 'c']) await request(name);
    await closed(connections[1]);
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
  });

  it('above the number of origins, those of a busy one are left alone', async () => {
    let answer: (() => void) | undefined;
    const { request } = await setUp(
      http((incoming, response) => {
        if (incoming.headers.host?.startsWith('a.')) answer = () => response.end('late');
        else response.end('ok');
      }),
      { originsMax: 1 },
    );
    const busy = request('a');
    const answerNow = await until('the request', () => answer);
    await request('b');
    answerNow();
    expect((await busy).body).toEqual({ text: 'late', truncated: false });
  });

  it('are one for each request that is under way, and no more', async () => {
    const answers: (() => void)[] = [];
    const { request, connections } = await setUp(http((_, response) => void answers.push(() => response.end('ok'))));
    for (let round = 0; round < 3; round += 1) {
      const requests = [request('a'), request('a'), request('a')];
      await until('three requests', () => answers.length === 3);
      for (const answer of answers.splice(0)) answer();
      await Promise.all(requests);
    }
    expect(connections).toHaveLength(3);
  });

  it('whose receiver answered and left the request unread are closed', async () => {
    const { port, connections } = await listen(
      tcp((socket) => {
        socket.once('readable', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
      }),
    );
    const agent = agentWith();
    const body = Buffer.alloc(16_777_216);
    for (let sent = 0; sent < 2; sent += 1) {
      const target = targetOf(`http://127.0.0.1:${port}/`);
      const { status } = await agent.request(target, { method: 'POST', headers: {}, body, deadlineMs: 2_000 });
      expect(status).toBe(200);
    }
    expect(connections).toHaveLength(2);
    await agent.close();
  });

  it('are closed after a body that was too long, and no other is opened for nobody', async () => {
    const { port, connections } = await listen(http((_, response) => response.end('a'.repeat(100_000))));
    const agent = agentWith();
    for (let sent = 0; sent < 3; sent += 1) await post(agent, `http://127.0.0.1:${port}/`);
    await until('all to be closed', () => connections.every(({ destroyed }) => destroyed));
    await setTimeout(50);
    expect(connections).toHaveLength(3);
  });

  it('above the number of idle ones, what gets free is closed', async () => {
    const answers: (() => void)[] = [];
    const { request, connections } = await setUp(
      http((_, response) => void answers.push(() => response.end('ok'))),
      { idleMax: 2 },
    );
    for (let round = 0; round < 2; round += 1) {
      const requests = ['a', 'a', 'b', 'b'].map(request);
      await until('four requests', () => answers.length === 4);
      for (const answer of answers.splice(0)) answer();
      await Promise.all(requests);
      await until('two to be closed', () => connections.filter(({ destroyed }) => !destroyed).length === 2);
    }
    expect(connections).toHaveLength(6);
  });
});

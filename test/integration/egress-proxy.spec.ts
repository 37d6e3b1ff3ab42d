import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { EgressErrorKind } from '../../src/common/outcomes.js';
import { classifyFailure } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import type { Answer } from '../../src/egress/exchange.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

const listen = useServers();
const agents: GuardedAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

interface Setup {
  credentials?: string;
  scheme?: 'http' | 'https';
  connectTimeoutMs?: number;
  trustedCertificates?: string;
}

function agentThrough(port: number, { credentials = '', scheme = 'http', ...rest }: Setup = {}) {
  const troubles: string[] = [];
  const agent = new GuardedAgent(
    proxyConnector({
      proxyUrl: `${scheme}://${credentials}127.0.0.1:${port}`,
      allowRanges: new AddressRanges([]),
      onTrouble: (trouble) => troubles.push(trouble),
      ...rest,
    }),
  );
  agents.push(agent);
  return { agent, troubles };
}

const post = (agent: GuardedAgent, url: string, deadlineMs = 3_000): Promise<Answer> => {
  const { origin, pathname: path } = new URL(url);
  return agent.request({ origin, path }, { method: 'POST', headers: { 'x-own': '1' }, body: '{}', deadlineMs });
};

async function failureOf(request: Promise<Answer>): Promise<EgressErrorKind> {
  const error: unknown = await request.then(
    ({ status }) => new Error(`there was an answer: ${status}`),
    (reason: unknown) => reason,
  );
  expect(String(error)).not.toContain('there was an answer');
  return classifyFailure(error);
}

const receiver = (): { server: HttpServer; headers: NodeJS.Dict<string | string[]>[] } => {
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createHttpServer((request, response) => {
    headers.push(request.headers);
    response.end('ok');
  });
  return { server, headers };
};

describe('through a forward proxy', () => {
  const authority = new CertificateAuthority();
  afterAll(() => authority.remove());

  const tlsReceiver = (names: TLSSocket['servername'][]): Server =>
    createTlsServer(authority.issue('hooks.example.com'), (socket) => {
      names.push(socket.servername);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });

  it('a name is left to the proxy, and credentials are not shown to the receiver', async () => {
    const target = receiver();
    const { port } = await listen(target.server);
    const proxy = forwardProxy();
    const { agent, troubles } = agentThrough((await listen(proxy.server)).port, { credentials: 'us%20er:p%40ss@' });
    expect((await post(agent, `http://hooks.example.com:${port}/in`)).status).toBe(200);
    const authorization = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`;
    expect(proxy.tunnels).toEqual([{ authority: `hooks.example.com:${port}`, authorization }]);
    expect(target.headers[0]).toMatchObject({ host: `hooks.example.com:${port}`, 'x-own': '1' });
    expect(target.headers[0]).not.toHaveProperty('proxy-authorization');
    expect(troubles).toEqual([]);
  });

  it('a tunnel is kept for the next request', async () => {
    const { port } = await listen(receiver().server);
    const proxy = forwardProxy();
    const { agent } = agentThrough((await listen(proxy.server)).port);
    for (let sent = 0; sent < 3; sent += 1) {
      await post(agent, `http://hooks.example.com:${port}/`);
      await new Promise(setImmediate);
    }
    expect(proxy.tunnels).toEqual([{ authority: `hooks.example.com:${port}`, authorization: undefined }]);
  });

  it('the receiver is still spoken to by its name, and its certificate verified', async () => {
    const names: TLSSocket['servername'][] = [];
    const { port } = await listen(tlsReceiver(names));
    const proxy = await listen(forwardProxy().server);
    const untrusting = agentThrough(proxy.port);
    expect(await failureOf(post(untrusting.agent, `https://hooks.example.com:${port}/`))).toBe(
      'tls_untrusted_certificate',
    );
    await until('its tunnel to be closed', () => proxy.connections.every(({ destroyed }) => destroyed));
    expect([proxy.connections.length, names]).toEqual([1, []]);

    const trusting = agentThrough(proxy.port, { trustedCertificates: authority.certificate });
    expect((await post(trusting.agent, `https://hooks.example.com:${port}/`)).status).toBe(200);
    expect(names).toEqual(['hooks.example.com']);
    expect(await failureOf(post(trusting.agent, `https://other.example.com:${port}/`))).toBe('tls_wrong_name');
    expect(trusting.troubles).toEqual([]);
  });

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
  ])('the literal %s is refused without asking', async (host) => {
    const proxy = forwardProxy();
    const { agent } = agentThrough((await listen(proxy.server)).port);
    expect(await failureOf(post(agent, `http://${host}:4000/`))).toBe('blocked_address');
    expect(proxy.tunnels).toEqual([]);
  });

  it.each([
    ['http://hooks.example.com', 'hooks.example.com:80'],
    ['https://hooks.example.com', 'hooks.example.com:443'],
    ['https://hooks.example.com:8443', 'hooks.example.com:8443'],
    ['http://93.184.215.14', '93.184.215.14:80'],
    ['https://93.184.215.14:8443', '93.184.215.14:8443'],
    ['http://[2606:2800:21f::1]', '[2606:2800:21f::1]:80'],
    ['https://[2606:2800:21f::1]', '[2606:2800:21f::1]:443'],
    ['http://[2606:2800:21f::1]:8080', '[2606:2800:21f::1]:8080'],
  ])('for %s the tunnel is asked for as %s (RFC 9110 §9.3.6)', async (origin, authority) => {
    const tunnels: unknown[] = [];
    const server = createHttpServer().on('connect', ({ url, headers }, socket) => {
      tunnels.push({ url, host: headers.host });
      socket.end('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n');
    });
    const { agent } = agentThrough((await listen(server)).port);
    expect(await failureOf(post(agent, `${origin}/in`))).toBe('connect_error');
    expect(tunnels).toEqual([{ url: authority, host: authority }]);
  });

  it.each([
    [403, 'blocked_address', 0],
    [407, 'blocked_address', 1],
    [502, 'connect_error', 0],
    [503, 'connect_error', 0],
    [504, 'connect_timeout', 0],
    [302, 'connect_error', 0],
  ] as const)('an answer of %i is a %s', async (status, kind, troublesToTell) => {
    const { port, connections } = await listen(forwardProxy(status).server);
    const { agent, troubles } = agentThrough(port);
    expect(await failureOf(post(agent, 'https://hooks.example.com/'))).toBe(kind);
    expect(troubles).toHaveLength(troublesToTell);
    await until('the tunnel to be closed', () => connections.every(({ destroyed }) => destroyed));
  });

  it('a tunnel that does not come is a connect_timeout', async () => {
    const { port } = await listen(forwardProxy('hangs').server);
    const { agent } = agentThrough(port, { connectTimeoutMs: 300 });
    expect(await failureOf(post(agent, 'https://hooks.example.com/'))).toBe('connect_timeout');
  });

  it.each([
    ['is not there', null],
    ['speaks something else', createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n'))],
    ['resets on accept', createTcpServer((socket) => socket.resetAndDestroy())],
    ['closes on accept', createTcpServer((socket) => socket.end())],
    ['closes without an answer', createTcpServer((socket) => socket.once('data', () => socket.end()))],
  ])('a proxy that %s is a connect_error, and the operator is told', async (_, server) => {
    const { port, connections } = server ? await listen(server) : { port: 1, connections: [] };
    const { agent, troubles } = agentThrough(port);
    expect(await failureOf(post(agent, 'https://hooks.example.com/'))).toBe('connect_error');
    expect(troubles).toEqual(['it cannot be reached, or does not speak HTTP']);
    expect(connections).toHaveLength(server ? 1 : 0);
  });

  it('a proxy whose certificate nobody vouches for is not trusted with anything', async () => {
    const tunnels: string[] = [];
    const server = createTlsServer(authority.selfSigned('127.0.0.1'), (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => tunnels.push(String(data)));
    });
    server.on('tlsClientError', () => undefined);
    const { port } = await listen(server);
    const { agent, troubles } = agentThrough(port, { scheme: 'https', credentials: 'user:secret@' });
    expect(await failureOf(post(agent, 'https://hooks.example.com/'))).toBe('connect_error');
    expect([tunnels, troubles.length]).toEqual([[], 1]);
  });

  it('a receiver that breaks off is a reset', async () => {
    const { port } = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
    const { agent } = agentThrough((await listen(forwardProxy().server)).port);
    expect(await failureOf(post(agent, `http://hooks.example.com:${port}/`))).toBe('reset');
  });
});

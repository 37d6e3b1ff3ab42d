import { randomBytes } from 'node:crypto';
import { createServer as createTcpServer, connect, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureVersion,
  type TlsOptions,
  type Server as TlsServer,
} from 'node:tls';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EgressErrorKind } from '../../src/common/outcomes.js';
import { classifyFailure } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { SocketOpener } from '../../src/egress/socket-opener.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const HOST = 'hooks.example.com';

const allowRanges = new AddressRanges(['127.0.0.0/8']);
const authority = new CertificateAuthority();
afterAll(() => authority.remove());
const identity = authority.issue(HOST);
const trustedCertificates = authority.certificate;
const listen = useServers();
const agents: GuardedAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

function directAgent(): GuardedAgent {
  const resolver = { resolve: async (): Promise<string[]> => ['127.0.0.1'] };
  const agent = new GuardedAgent(guardedConnector({ allowRanges, trustedCertificates, resolver }));
  agents.push(agent);
  return agent;
}

async function agentThroughProxy(): Promise<GuardedAgent> {
  const { port } = await listen(forwardProxy().server);
  const proxyUrl = `http://127.0.0.1:${port}`;
  const agent = new GuardedAgent(
    proxyConnector({ proxyUrl, allowRanges, trustedCertificates, onTrouble: () => undefined }),
  );
  agents.push(agent);
  return agent;
}

interface Receiver {
  server: TlsServer;
  /** Whether each handshake, in order, was a resumed one. */
  resumed: boolean[];
  /** What a connection does with its request. Default: it answers and closes. */
  onRequest: (end: () => void, drop: () => void) => void;
}

function receiverWith(options: TlsOptions = {}): Receiver {
  const receiver: Receiver = {
    resumed: [],
    onRequest: (end) => end(),
    server: createTlsServer({ ...identity, ...options }, (socket) => {
      receiver.resumed.push(socket.isSessionReused());
      socket.on('error', () => undefined);
      socket.once('data', () =>
        receiver.onRequest(
          () => socket.end(OK),
          () => socket.destroy(),
        ),
      );
    }),
  };
  receiver.server.on('tlsClientError', () => undefined);
  return receiver;
}

const post = async (agent: GuardedAgent, port: number, host = HOST): Promise<number> => {
  const target = { origin: `https://${host}:${port}`, path: '/' };
  const { status } = await agent.request(target, { method: 'POST', headers: {}, body: '{}', deadlineMs: 3_000 });
  // The connection is closed before the next request.
  await setImmediate();
  await setImmediate();
  return status;
};

async function failureOf(request: Promise<number>): Promise<EgressErrorKind> {
  const error: unknown = await request.then(
    (status) => new Error(`there was an answer: ${status}`),
    (reason: unknown) => reason,
  );
  expect(String(error)).not.toContain('there was an answer');
  return classifyFailure(error);
}

const only = (version: SecureVersion): TlsOptions => ({ minVersion: version, maxVersion: version });

describe('TLS with a host that was spoken to before', () => {
  it.each<[SecureVersion, string, () => GuardedAgent | Promise<GuardedAgent>]>([
    ['TLSv1.3', 'directly', directAgent],
    ['TLSv1.2', 'directly', directAgent],
    ['TLSv1.3', 'through a proxy', agentThroughProxy],
    ['TLSv1.2', 'through a proxy', agentThroughProxy],
  ])('is resumed from the second connection on: %s, %s', async (version, _, agentOf) => {
    const { server, resumed } = receiverWith(only(version));
    const { port } = await listen(server);
    const agent = await agentOf();
    for (let sent = 0; sent < 6; sent += 1) expect(await post(agent, port)).toBe(200);
    expect(resumed).toEqual([false, true, true, true, true, true]);
  });

  it('is resumed with an address, too', async () => {
    const { server, resumed } = receiverWith(authority.issue('127.0.0.1'));
    const { port } = await listen(server);
    const agent = directAgent();
    for (let sent = 0; sent < 2; sent += 1) expect(await post(agent, port, '127.0.0.1')).toBe(200);
    expect(resumed).toEqual([false, true]);
  });

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'is not resumed under another name, for which the certificate is not: %s',
    async (version) => {
      const { server, resumed } = receiverWith(only(version));
      const { port } = await listen(server);
      const agent = directAgent();
      await post(agent, port);
      expect(await failureOf(post(agent, port, 'other.example.com'))).toBe('tls_wrong_name');
      expect(await post(agent, port)).toBe(200);
      expect(resumed.at(-1)).toBe(true);
    },
  );

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'shakes hands in full, on the same connection, when the session is refused: %s',
    async (version) => {
      const { server, resumed } = receiverWith(only(version));
      const { port, connections } = await listen(server);
      const agent = directAgent();
      await post(agent, port);
      server.setTicketKeys(randomBytes(48));
      for (let sent = 0; sent < 3; sent += 1) expect(await post(agent, port)).toBe(200);
      expect(resumed).toEqual([false, false, true, true]);
      expect(connections).toHaveLength(4);
    },
  );

  it.each([
    ['tls_weak_certificate', authority.issue(HOST, { digest: 'sha1' })],
    ['tls_expired_certificate', authority.issue(HOST, { validity: 'expired' })],
    ['tls_untrusted_certificate', authority.selfSigned(HOST)],
    ['tls_wrong_name', authority.issue('other.example.com')],
  ])('is refused as %s when the session is refused and the certificate has become so', async (kind, worse) => {
    const { server } = receiverWith();
    const { port } = await listen(server);
    const agent = directAgent();
    await post(agent, port);
    server.setSecureContext({ ...worse, ciphers: 'DEFAULT:@SECLEVEL=0' });
    server.setTicketKeys(randomBytes(48));
    for (let sent = 0; sent < 2; sent += 1) expect(await failureOf(post(agent, port))).toBe(kind);
  });

  it.each([
    ['directly', directAgent],
    ['through a proxy', agentThroughProxy],
  ])('connects again without a session when the handshake fails with one, %s', async (_, agentOf) => {
    const { server, resumed } = receiverWith();
    const inner = await listen(server);
    let refused = 0;
    let refuse = false;
    const { port, connections } = await listen(
      inFrontOf(inner.port, () => {
        if (refuse) refused += 1;
        const isRefused = refuse;
        refuse = false;
        return isRefused;
      }),
    );
    const agent = await agentOf();
    await post(agent, port);
    refuse = true;
    expect(await post(agent, port)).toBe(200);
    expect([refused, connections.length]).toEqual([1, 3]);
    // For a time, no session is offered to such a host.
    expect(await post(agent, port)).toBe(200);
    expect(resumed).toEqual([false, false, false]);
  });

  it('does not connect again when the handshake fails without a session', async () => {
    const { port, connections } = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.destroy())),
    );
    expect(await failureOf(post(directAgent(), port))).toBe('reset');
    expect(connections).toHaveLength(1);
  });

  it('is not resumed again after a resumed connection ended without an answer', async () => {
    const receiver = receiverWith();
    const { port } = await listen(receiver.server);
    const agent = directAgent();
    await post(agent, port);
    receiver.onRequest = (_, drop) => drop();
    expect(await failureOf(post(agent, port))).toBe('reset');
    receiver.onRequest = (end) => end();
    expect(await post(agent, port)).toBe(200);
    expect(receiver.resumed).toEqual([false, true, false]);
  });

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'is not resumed when the receiver asks for a client certificate, so that a missing one is named: %s',
    async (version) => {
      const { server, resumed } = receiverWith({ ...only(version), requestCert: true, rejectUnauthorized: false });
      const { port } = await listen(server);
      const agent = directAgent();
      for (let sent = 0; sent < 2; sent += 1) expect(await post(agent, port)).toBe(200);
      expect(resumed).toEqual([false, false]);
    },
  );
});

it('an opened socket is verified for the host that it leads to, whatever the request names', async () => {
  const names: unknown[] = [];
  const server = createTlsServer(authority.issue('localhost'), (socket) => names.push(socket.servername));
  const { port } = await listen(server);
  const opener = new SocketOpener({ timeoutMs: 3_000, trustedCertificates });
  // undici names the receiver also where it opens the connection to a proxy.
  const target = { protocol: 'https:', hostname: 'localhost', port: String(port), servername: HOST };
  const socket = await new Promise<Socket>((resolve, reject) => {
    opener.open(target, true, (...[error, opened]) => (error ? reject(error) : resolve(opened)));
  });
  await until('the receiver to see it', () => names.length > 0);
  socket.destroy();
  expect(names).toEqual(['localhost']);
});

it('a connection with TLS stays open for the next request, however quickly the answer comes', async () => {
  const receiver = new Worker(QUICK_RECEIVER, { eval: true, workerData: { ...identity, answer: OK } });
  try {
    const port = await new Promise<number>((resolve) => receiver.once('message', resolve));
    const agent = directAgent();
    for (let sent = 0; sent < 200; sent += 1) expect(await post(agent, port)).toBe(200);
    const connections = new Promise((resolve) => receiver.once('message', resolve));
    receiver.postMessage('connections');
    expect(await connections).toBe(1);
  } finally {
    await receiver.terminate();
  }
});

/** In a thread of its own: an answer comes while the sender still works. */
const QUICK_RECEIVER = `
const { parentPort, workerData } = require('node:worker_threads');
const { key, cert, answer } = workerData;
let connections = 0;
const server = require('node:tls').createServer({ key: Buffer.from(key), cert: Buffer.from(cert) }, (socket) => {
  connections += 1;
  socket.on('error', () => undefined);
  socket.on('data', () => socket.write(answer));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
parentPort.on('message', () => parentPort.postMessage(connections));
`;

/** Passes bytes on, unless a connection is refused at its first ones. */
function inFrontOf(port: number, isRefused: () => boolean): Server {
  return createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first) => {
      if (isRefused()) {
        socket.destroy();
        return;
      }
      const through = connect(port, '127.0.0.1').on('error', () => undefined);
      through.write(first);
      socket.pipe(through).pipe(socket);
    });
  });
}

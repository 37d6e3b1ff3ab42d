import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import type { AddressResolver } from '../../src/egress/address-resolver.js';
import { EgressError } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import type { Connector } from '../../src/egress/connector.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { RequestTimings } from '../../src/egress/request-timings.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { useServers } from '../support/servers.js';

/** Much longer than what is quick takes on a busy machine. */
const SLOW_MS = 300;
/** A timer of this process and the clock do not end on the same millisecond. */
const NEARLY_SLOW_MS = SLOW_MS - 5;

const listen = useServers();
const authority = new CertificateAuthority();
afterAll(() => authority.remove());
const agents: GuardedAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

function agentBy(connect: Connector): GuardedAgent {
  const agent = new GuardedAgent(connect);
  agents.push(agent);
  return agent;
}

function directAgent(resolver: AddressResolver): GuardedAgent {
  const trustedCertificates = authority.certificate;
  return agentBy(guardedConnector({ allowRanges: new AddressRanges(['127.0.0.0/8']), resolver, trustedCertificates }));
}

const slowResolver: AddressResolver = {
  resolve: async () => {
    await setTimeout(SLOW_MS);
    return ['127.0.0.1'];
  },
};

const slowly: RequestListener = (_, response) => void setTimeout(SLOW_MS).then(() => response.end('ok'));
const secureServer = (listener: RequestListener): Server =>
  createHttpsServer(authority.issue('hooks.example.com'), listener);

const NONE = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, staleConnectionMs: null };

/** What a request took, whatever came of it. */
async function timingsOf(
  agent: GuardedAgent,
  origin: string,
  deadlineMs = 3_000,
): Promise<Omit<RequestTimings, 'sentAt'>> {
  const timings = new RequestTimings();
  const request = { method: 'POST', headers: {}, body: '{}', deadlineMs, timings } as const;
  await agent.request({ origin, path: '/' }, request).catch(() => undefined);
  const { sentAt: _, ...phases } = timings;
  for (const ms of Object.values(phases)) expect(ms === null || Number.isInteger(ms)).toBe(true);
  return phases;
}

/** At least so long, and not so long as if another slow phase were in it. */
function expectSlow(ms: number | null): void {
  expect(ms).toBeGreaterThanOrEqual(NEARLY_SLOW_MS);
}
function expectQuick(ms: number | null): void {
  expect(ms).toBeGreaterThanOrEqual(0);
  expect(ms).toBeLessThan(NEARLY_SLOW_MS);
}

describe('where the time of a request goes', () => {
  it('is measured phase by phase, and on a connection that was open already to the first byte alone', async () => {
    const { port } = await listen(secureServer(slowly));
    const agent = directAgent(slowResolver);
    const first = await timingsOf(agent, `https://hooks.example.com:${port}`);
    expectSlow(first.dnsMs);
    expectQuick(first.connectMs);
    expect(first.tlsMs).toBeGreaterThanOrEqual(0);
    expectSlow(first.firstByteMs);
    const second = await timingsOf(agent, `https://hooks.example.com:${port}`);
    expect(second).toEqual({ ...NONE, firstByteMs: expect.any(Number) });
    expectSlow(second.firstByteMs);
  });

  it('has no look-up of an address and no TLS without it', async () => {
    const { port } = await listen(createHttpServer((_, response) => response.end('ok')));
    const { dnsMs, connectMs, tlsMs, firstByteMs } = await timingsOf(
      directAgent(slowResolver),
      `http://127.0.0.1:${port}`,
    );
    expect([dnsMs, tlsMs]).toEqual([null, null]);
    expect(connectMs).toBeGreaterThanOrEqual(0);
    expectQuick(firstByteMs);
  });

  it('has the first byte apart from the rest of a head that drips', async () => {
    const drip = createTcpServer((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        void setTimeout(SLOW_MS).then(() => socket.end('content-length: 0\r\n\r\n'));
      }),
    );
    const { port } = await listen(drip);
    expectQuick((await timingsOf(directAgent(slowResolver), `http://127.0.0.1:${port}`)).firstByteMs);
  });

  it('has the phases that came to their end before one failed', async () => {
    const refused = directAgent({ resolve: () => Promise.reject(new EgressError('dns_error', 'none')) });
    expect(await timingsOf(refused, 'http://hooks.example.com:4000')).toEqual(NONE);

    const silent = await listen(createTcpServer((socket) => socket.on('error', () => undefined)));
    const { port } = silent;
    const noTls = await timingsOf(directAgent(slowResolver), `https://hooks.example.com:${port}`, 2 * SLOW_MS);
    expectSlow(noTls.dnsMs);
    expect(noTls).toMatchObject({ connectMs: expect.any(Number), tlsMs: null, firstByteMs: null });
    const noAnswer = await timingsOf(directAgent(slowResolver), `http://127.0.0.1:${port}`, 2 * SLOW_MS);
    expect(noAnswer).toMatchObject({ dnsMs: null, connectMs: expect.any(Number), firstByteMs: null });
  });

  it('has through a proxy the tunnel as the connection, and the TLS of the receiver', async () => {
    const { port } = await listen(secureServer(slowly));
    const proxy = await listen(forwardProxy().server);
    const agent = agentBy(
      proxyConnector({
        proxyUrl: `http://127.0.0.1:${proxy.port}`,
        allowRanges: new AddressRanges([]),
        onTrouble: () => undefined,
        trustedCertificates: authority.certificate,
      }),
    );
    const first = await timingsOf(agent, `https://hooks.example.com:${port}`);
    expect(first).toMatchObject({ dnsMs: null, connectMs: expect.any(Number), tlsMs: expect.any(Number) });
    expectSlow(first.firstByteMs);
    expect(await timingsOf(agent, `https://hooks.example.com:${port}`)).toMatchObject({ connectMs: null, tlsMs: null });
  });
});

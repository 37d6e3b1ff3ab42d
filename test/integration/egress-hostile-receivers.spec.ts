import { createServer, type Socket } from 'node:net';
import { AddressResolver } from '../../src/egress/address-resolver.js';
import { classifyFailure } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy, type Tunnel } from '../support/forward-proxy.js';
import { HONEST_TLS_RECEIVER, HOSTILE_RECEIVERS, type HostileReceiver } from '../support/hostile-receivers.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

/** For those that hold an attempt until then, and for the others, on a machine that has much else to do. */
const [HELD_DEADLINE_MS, DEADLINE_MS] = [300, 5_000];
/** Nothing listens there. */
const CANARY_URL = 'http://127.0.0.1:1/';
const LARGE_PAYLOAD_BYTES = 250_000;

class LoopbackResolver extends AddressResolver {
  async resolve(): Promise<string[]> {
    return ['127.0.0.1'];
  }
}

const allowRanges = new AddressRanges(['127.0.0.0/8']);
const authority = new CertificateAuthority();
afterAll(() => authority.remove());
const trustedCertificates = authority.certificate;

const listen = useServers();
const agents: GuardedAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

/** An agent, and what the proxy sees of it if it goes through one. */
async function agentThat(
  goesThroughProxy: boolean,
): Promise<{ agent: GuardedAgent; tunnels: Tunnel[]; proxyConnections: Socket[] }> {
  const { server, tunnels } = forwardProxy();
  const proxy = await listen(server);
  const connect = goesThroughProxy
    ? proxyConnector({
        proxyUrl: `http://127.0.0.1:${proxy.port}`,
        allowRanges,
        trustedCertificates,
        onTrouble: () => undefined,
      })
    : guardedConnector({ allowRanges, trustedCertificates, resolver: new LoopbackResolver() });
  const agent = new GuardedAgent(connect);
  agents.push(agent);
  return { agent, tunnels, proxyConnections: proxy.connections };
}

async function told(agent: GuardedAgent, origin: string, body: string, deadlineMs: number) {
  const request = agent.request({ origin, path: '/' }, { method: 'POST', headers: {}, body, deadlineMs });
  return request.then(
    ({ status }) => ({ status, error: null }),
    (error: unknown) => ({ status: null, error: classifyFailure(error) }),
  );
}

describe.each([
  ['directly', false],
  ['through a proxy', true],
])('%s, one attempt opens one connection to a receiver that', (_, goesThroughProxy) => {
  it.each<HostileReceiver>([HONEST_TLS_RECEIVER, ...HOSTILE_RECEIVERS])('$name', async (hostile) => {
    const { port, connections } = await listen(hostile.serve(authority, CANARY_URL));
    const { agent, tunnels } = await agentThat(goesThroughProxy);
    const origin = `${hostile.scheme ?? 'http'}://localhost:${port}`;
    const body = hostile.getsMuch ? 'a'.repeat(LARGE_PAYLOAD_BYTES) : '{}';
    const deadlineMs = hostile.holds ? HELD_DEADLINE_MS : DEADLINE_MS;
    const { status, error } = await told(agent, origin, body, deadlineMs);
    // What would be opened after the attempt's end is counted, too.
    await agent.close();
    expect(status).toBe(hostile.status);
    // Who resets at once may do so before the proxy has made its tunnel.
    const isEarly = goesThroughProxy && error === 'connect_error';
    expect(isEarly ? 'reset' : error).toBe(hostile.error);
    expect({ connections: connections.length, tunnels: tunnels.length }).toEqual({
      connections: 1,
      tunnels: goesThroughProxy ? 1 : 0,
    });
  });
});

it('an attempt on a connection that was kept, and has ended, opens one more', async () => {
  let accepted = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    accepted += 1;
    if (accepted > 1) socket.resume().write('SSH-2.0-OpenSSH_9.2p1\r\n');
    else socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  const { port, connections } = await listen(server);
  const { agent, proxyConnections } = await agentThat(true);
  const origin = `http://localhost:${port}`;
  expect(await told(agent, origin, '{}', DEADLINE_MS)).toEqual({ status: 200, error: null });
  connections[0]!.destroy();
  await until('the tunnel to end', () => proxyConnections[0]!.destroyed);
  expect(await told(agent, origin, '{}', DEADLINE_MS)).toEqual({ status: null, error: 'protocol_error' });
  await agent.close();
  expect(connections).toHaveLength(2);
});

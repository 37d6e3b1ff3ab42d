import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { setTimeout } from 'node:timers/promises';
import { classifyFailure } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { RequestTimings } from '../../src/egress/request-timings.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const allowRanges = new AddressRanges(['127.0.0.0/8']);
const authority = new CertificateAuthority();
afterAll(() => authority.remove());
const trustedCertificates = authority.certificate;
const listen = useServers();
const agents: GuardedAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

type Way = 'directly' | 'through a proxy';

/** @param resolve for the requests that are made directly. */
async function agentThat(way: Way, resolve = async (): Promise<string[]> => ['127.0.0.1']): Promise<GuardedAgent> {
  const proxy = await listen(forwardProxy().server);
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  const agent = new GuardedAgent(
    way === 'directly'
      ? guardedConnector({ allowRanges, trustedCertificates, resolver: { resolve } })
      : proxyConnector({ proxyUrl, allowRanges, trustedCertificates, onTrouble: () => undefined }),
  );
  agents.push(agent);
  return agent;
}

async function send(agent: GuardedAgent, origin: string, deadlineMs = 3_000) {
  const timings = new RequestTimings();
  const request = { method: 'POST', headers: {}, body: '{}', deadlineMs, timings } as const;
  const result = await agent.request({ origin, path: '/' }, request).then(({ status }) => status, classifyFailure);
  // undici frees a connection in the turn after the answer's end.
  await new Promise(setImmediate);
  return { result, timings };
}

/** Does with each request what its connection's list says: answers where there is no more in it. */
function receiver(scripts: ((socket: Socket) => void)[][], scheme: 'http' | 'https' = 'http') {
  const requests: number[] = [];
  let opened = 0;
  const onSocket = (socket: Socket): void => {
    const index = opened++;
    const script = [...(scripts[index] ?? [])];
    socket
      .on('error', () => undefined)
      .on('data', () => {
        requests.push(index);
        (script.shift() ?? answer)(socket);
      });
  };
  const server =
    scheme === 'http' ? createTcpServer(onSocket) : createTlsServer(authority.issue('hooks.example.com'), onSocket);
  return { server, requests };
}

const answer = (socket: Socket): void => void socket.write(OK);
const end = (socket: Socket): void => void socket.end();
/** Of a socket that the other side has closed, Node would keep the handle. */
const reset = (socket: Socket): void => void (socket.readyState === 'open' && socket.resetAndDestroy());
const cutOff = (socket: Socket): void => void socket.destroy();
const hang = (): void => undefined;

describe.each<Way>(['directly', 'through a proxy'])('sent %s, on a connection that was used before', (way) => {
  it.each([
    ['a FIN', 'http', end],
    ['an RST', 'http', reset],
    ['a FIN', 'https', end],
    ['a cut', 'https', cutOff],
  ] as const)('a request that gets %s for an answer (%s) goes out once more on a new one', async (_, scheme, close) => {
    const { server, requests } = receiver([[answer, close]], scheme);
    const { port } = await listen(server);
    const agent = await agentThat(way);
    const origin = `${scheme}://hooks.example.com:${port}`;
    expect((await send(agent, origin)).timings.staleConnectionMs).toBeNull();
    const { result, timings } = await send(agent, origin);
    expect({ result, requests }).toEqual({ result: 200, requests: [0, 0, 1] });
    expect(timings).toMatchObject({ staleConnectionMs: expect.any(Number), connectMs: expect.any(Number) });
    // The new one is kept.
    expect((await send(agent, origin)).timings).toMatchObject({ staleConnectionMs: null, connectMs: null });
    expect(requests).toEqual([0, 0, 1, 1]);
  });

  it('a request whose answer has begun is not sent again', async () => {
    const part = (socket: Socket): void => void socket.write('HTTP/1.1 2', () => socket.resetAndDestroy());
    const interim = (socket: Socket): void =>
      void socket.write('HTTP/1.1 102 Processing\r\n\r\n', () => socket.resetAndDestroy());
    const { server, requests } = receiver([
      [answer, part],
      [answer, interim],
    ]);
    const { port } = await listen(server);
    const agent = await agentThat(way);
    for (const expected of [200, 'reset', 200, 'reset']) {
      expect((await send(agent, `http://hooks.example.com:${port}`)).result).toBe(expected);
    }
    expect(requests).toEqual([0, 0, 1, 1]);
  });

  it('a request is sent twice at most', async () => {
    const { server, requests } = receiver([[answer, end], [reset]]);
    const { port } = await listen(server);
    const agent = await agentThat(way);
    await send(agent, `http://hooks.example.com:${port}`);
    expect((await send(agent, `http://hooks.example.com:${port}`)).result).toBe('reset');
    expect(requests).toEqual([0, 0, 1]);
  });

  it('both have one deadline', async () => {
    const late = (socket: Socket): void => void setTimeout(500).then(() => socket.end());
    const { server, requests } = receiver([[answer, late], [hang]]);
    const { port, connections } = await listen(server);
    const agent = await agentThat(way);
    await send(agent, `http://hooks.example.com:${port}`);
    const start = performance.now();
    const { result, timings } = await send(agent, `http://hooks.example.com:${port}`, 1_500);
    expect(result).toBe('timeout');
    expect(performance.now() - start).toBeGreaterThanOrEqual(1_490);
    expect(performance.now() - start).toBeLessThan(1_950);
    expect(timings.staleConnectionMs).toBeGreaterThanOrEqual(490);
    expect(requests).toEqual([0, 0, 1]);
    await until('the connections to be closed', () => connections.every(({ destroyed }) => destroyed));
  });

  it('a request that was given up is not sent again', async () => {
    const { server, requests } = receiver([[answer, hang]]);
    const { port, connections } = await listen(server);
    const agent = await agentThat(way);
    await send(agent, `http://hooks.example.com:${port}`);
    const pending = send(agent, `http://hooks.example.com:${port}`);
    await until('the request', () => requests.length === 2);
    await agent.close();
    expect((await pending).result).toBe('reset');
    await setTimeout(50);
    expect(connections).toHaveLength(1);
  });

  it('no attempt fails, whenever the receiver closes it after its last answer', async () => {
    let sent = 0;
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => {
          sent += 1;
          socket.write(OK);
          const close = sent % 2 === 0 ? end : reset;
          void setTimeout(sent % 12).then(() => close(socket));
        });
    });
    const { port } = await listen(server);
    const agent = await agentThat(way);
    const results: unknown[] = [];
    for (let attempt = 0; attempt < 120; attempt += 1) {
      results.push((await send(agent, `http://hooks.example.com:${port}`)).result);
      await setTimeout((attempt * 5) % 13);
    }
    expect(results.filter((result) => result !== 200)).toEqual([]);
  });
});

it('the deadline ends also the making of the new connection', async () => {
  let asked = 0;
  const resolve = async (): Promise<string[]> => {
    asked += 1;
    return asked === 1 ? ['127.0.0.1'] : new Promise<string[]>(() => undefined);
  };
  const { server, requests } = receiver([[answer, end]]);
  const { port, connections } = await listen(server);
  const agent = await agentThat('directly', resolve);
  await send(agent, `http://hooks.example.com:${port}`);
  expect((await send(agent, `http://hooks.example.com:${port}`, 300)).result).toBe('timeout');
  expect({ asked, requests, connections: connections.length }).toEqual({ asked: 2, requests: [0, 0], connections: 1 });
});

it('a first connection that is closed without an answer is a reset', async () => {
  const { server, requests } = receiver([[end]]);
  const { port } = await listen(server);
  expect((await send(await agentThat('directly'), `http://hooks.example.com:${port}`)).result).toBe('reset');
  expect(requests).toEqual([0]);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../scripts/programs.mjs';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { proxyConnector } from '../../src/egress/proxy-connector.js';
import { CertificateAuthority } from '../support/certificates.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { freePort } from '../support/program.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

/** Targets at their scheme's default port, which only root could listen on, go on to a second proxy. */
const DISTANT_HOST = 'distant.example.com';

describe('through tinyproxy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-proxy-'));
  const authority = new CertificateAuthority();
  const listen = useServers();
  const { server: next, tunnels } = forwardProxy(503);
  let proxy: ChildProcess;
  let agent: GuardedAgent;

  beforeAll(async () => {
    const program = findProgram(['tinyproxy']);
    if (program === null) {
      throw new Error('There is no tinyproxy on PATH. Install it (Debian: apt-get install tinyproxy-bin).');
    }
    next.listen(0, '127.0.0.1');
    await once(next, 'listening');
    const nextPort = (next.address() as { port: number }).port;
    const port = await freePort();
    const configuration = join(directory, 'tinyproxy.conf');
    writeFileSync(
      configuration,
      `Port ${port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 20\nAllow 127.0.0.1\n` +
        `Upstream http 127.0.0.1:${nextPort} "${DISTANT_HOST}"\n`,
    );
    proxy = spawn(program, ['-d', '-c', configuration], { stdio: 'ignore' });
    await until('the proxy to listen', () => accepts(port));
    agent = new GuardedAgent(
      proxyConnector({
        proxyUrl: `http://127.0.0.1:${port}`,
        allowRanges: new AddressRanges(['127.0.0.0/8', '::1/128']),
        onTrouble: () => undefined,
        trustedCertificates: authority.certificate,
      }),
    );
  });

  afterAll(async () => {
    await agent?.close();
    if (proxy?.exitCode === null) {
      proxy.kill();
      await once(proxy, 'exit');
    }
    next.close();
    authority.remove();
    rmSync(directory, { recursive: true });
  });

  const post = (origin: string) =>
    agent.request({ origin, path: '/in' }, { method: 'POST', headers: {}, body: '{}', deadlineMs: 10_000 });

  it.each([
    ['http', 'localhost', 'localhost'],
    ['http', '127.0.0.1', '127.0.0.1'],
    ['http', '[::1]', '::1'],
    ['https', 'localhost', 'localhost'],
    ['https', '127.0.0.1', '127.0.0.1'],
    ['https', '[::1]', '::1'],
  ])('%s://%s is reached', async (scheme, host, name) => {
    const hosts: unknown[] = [];
    const listener: Parameters<typeof createHttpServer>[1] = (request, response) => {
      hosts.push(request.headers.host);
      response.end('ok');
    };
    const server = scheme === 'http' ? createHttpServer(listener) : createHttpsServer(authority.issue(name), listener);
    const { port } = await listen(server, host === '[::1]' ? '::1' : '127.0.0.1');
    const answer = await post(`${scheme}://${host}:${port}`);
    expect([answer.status, answer.body.text]).toEqual([200, 'ok']);
    expect(hosts).toEqual([`${host}:${port}`]);
  });

  it.each([
    ['http', 80],
    ['https', 443],
  ])('%s:// without a port asks for port %i', async (scheme, port) => {
    tunnels.splice(0);
    await expect(post(`${scheme}://${DISTANT_HOST}`)).rejects.toThrow();
    expect(tunnels.map(({ authority: asked }) => asked)).toEqual([`${DISTANT_HOST}:${port}`]);
  });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

import { jest } from '@jest/globals';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { CertificateAuthority } from '../support/certificates.js';
import { send } from '../support/client.js';
import { openFiles, openSockets, residentBytes } from '../support/proc.js';
import { OPTIMISED, Service } from '../support/process.js';
import { parsePrometheusText } from '../support/prometheus-text.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';

/** In each of the two rounds: the first fills caches and pools, and what the second adds would be a leak. */
const DELIVERIES = 10_000;
const BATCH = 500;
const WAIT_MS = 120_000;
/** Idle connections and pools may take this long to be let go. */
const SETTLE_MS = 20_000;

/** Lets the first round's sockets go before they are counted. */
const PAUSE_MS = 3_000;
/** What counts as the same. */
const FLAT = 1.1;

// Two rounds and their settling.
jest.setTimeout(2 * (WAIT_MS + SETTLE_MS));

interface Footprint {
  residentMiB: number;
  sockets: number;
  /** Those of the embedded database's own files left out: it opens them as it comes to need them. */
  descriptors: number;
}

describe('10,000 deliveries to bad certificates and resets', () => {
  const authority = new CertificateAuthority();
  const service = new Service({ env: { RETRY_SCHEDULE: '' }, nodeOptions: OPTIMISED });
  const listen = useServers();

  beforeAll(() => service.start());
  afterAll(async () => {
    await service.stop();
    authority.remove();
  });

  const footprint = (): Footprint => ({
    residentMiB: residentBytes(service.pid) / 1_048_576,
    sockets: openSockets(service.pid),
    descriptors: openFiles(service.pid).filter((path) => !path.startsWith(service.dataDir)).length,
  });

  const failedSoFar = async (): Promise<number> => {
    const { text } = await send(service.url, 'GET', '/metrics');
    return parsePrometheusText(text).get('tidings_deliveries_failed_total')!.samples[0]!.value;
  };

  /** To webhooks of their own: after a minute of failures those of the round before would only be probed. */
  const round = async (targets: string[]): Promise<void> => {
    const all = (await failedSoFar()) + DELIVERIES;
    const { client } = await service.tenant();
    for (const target of targets) await client.createWebhook({ target_url: target });
    const events = Array.from({ length: BATCH }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
    for (let sent = 0; sent < DELIVERIES; sent += BATCH * targets.length) {
      // Busy for a moment, on a slow machine. What was answered 503 may have been stored all the same.
      await until('a batch', async () => (await client.post('/event/batch', { events })).status === 202, WAIT_MS);
    }
    await until('all to have failed', async () => (await failedSoFar()) >= all, WAIT_MS);
  };

  it('leave memory, sockets and descriptors as they were', async () => {
    const badCertificate = createTlsServer(authority.selfSigned('localhost')).on('tlsClientError', () => undefined);
    const reset = createServer((socket) => socket.resetAndDestroy());
    const targets = [
      `https://localhost:${(await listen(badCertificate)).port}/`,
      `http://127.0.0.1:${(await listen(reset)).port}/`,
    ];
    await round(targets);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const before = footprint();
    await round(targets);
    const isFlat = (): boolean =>
      (['residentMiB', 'sockets', 'descriptors'] as const).every((kind) => footprint()[kind] <= before[kind] * FLAT);
    await until('all to be as before', isFlat, SETTLE_MS, () => JSON.stringify({ before, after: footprint() }));
  });
});

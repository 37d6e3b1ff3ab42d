import { appendFileSync } from 'node:fs';
import { CertificateAuthority } from '../support/certificates.js';
import type { ApiClient, Attempt } from '../support/client.js';
import { HONEST_TLS_RECEIVER, HOSTILE_RECEIVERS, type HostileReceiver } from '../support/hostile-receivers.js';
import { residentBytes, steadyResidentBytes } from '../support/proc.js';
import { OPTIMISED, Service } from '../support/process.js';
import { Receiver } from '../support/receiver.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

const ATTEMPT_TIMEOUT_MS = 2_000;
/** The issue's own bound: never past the deadline by more. */
const LATE_MS = 500;
/** At once, at each receiver. */
const DELIVERIES = 20;
const LARGE_PAYLOAD_BYTES = 250_000;
const MEBIBYTE = 1_048_576;
/** What the process may grow by while 20 deliveries are at a receiver that sends without end. */
const GROWTH_LIMIT_BYTES = 96 * MEBIBYTE;

describe('a receiver that', () => {
  const authority = new CertificateAuthority();
  const env = {
    ATTEMPT_TIMEOUT_MS: String(ATTEMPT_TIMEOUT_MS),
    RETRY_SCHEDULE: '1h',
    NODE_EXTRA_CA_CERTS: authority.path,
  };
  const service = new Service({ env, nodeOptions: OPTIMISED });
  const listen = useServers();
  const receivers = useReceivers();
  let canary: Receiver;

  beforeAll(async () => {
    await service.start();
    canary = await Receiver.start();
    // So that V8 has optimised what deliveries need: the growth of a story has to be that of its receiver.
    const { client } = await service.tenant();
    const webhook = await client.createWebhook({ target_url: (await receivers.start()).url() });
    await deliver(client, webhook.id, DELIVERIES);
    await steadyResidentBytes(service.pid);
  });

  afterAll(async () => {
    await service.stop();
    await canary.close();
    authority.remove();
  });

  /** The attempts of one delivery each, and the most memory that the process had meanwhile. */
  const deliver = async (client: ApiClient, webhookId: string, count: number, filling = '') => {
    const event = { event_type: 'record:created', payload: { filling } };
    const events = Array.from({ length: count }, () => event);
    (await client.post('/event/batch', { events })).expect(202);
    let mostBytes = 0;
    const deliveries = await until('the attempts', async () => {
      mostBytes = Math.max(mostBytes, residentBytes(service.pid));
      const page = await client.deliveries({ webhook_id: webhookId });
      return page.length === count && page.every(({ attempt_count: made }) => made === 1) && page;
    });
    const details = await Promise.all(deliveries.map(({ id }) => client.delivery(id)));
    return { attempts: details.map(({ attempts }) => attempts[0]!), mostBytes };
  };

  const told = ({ outcome, error, response }: Attempt): unknown => ({
    outcome,
    error,
    status: response?.status ?? null,
  });

  it.each<HostileReceiver>([HONEST_TLS_RECEIVER, ...HOSTILE_RECEIVERS])('$name', async (hostile) => {
    const { client } = await service.tenant();
    const { port, connections } = await listen(hostile.serve(authority, canary.url()));
    const target = hostile.scheme === 'https' ? `https://localhost:${port}/in` : `http://127.0.0.1:${port}/in`;
    const webhook = await client.createWebhook({ target_url: target });
    const filling = hostile.getsMuch ? 'a'.repeat(LARGE_PAYLOAD_BYTES) : '';
    const before = residentBytes(service.pid);
    const { attempts, mostBytes } = await deliver(client, webhook.id, DELIVERIES, filling);

    const { outcome, error, status } = hostile;
    expect(attempts.map(told)).toEqual(attempts.map(() => ({ outcome, error, status })));
    const durations = attempts.map(({ duration_ms: ms }) => ms);
    expect(Math.max(...durations)).toBeLessThanOrEqual(ATTEMPT_TIMEOUT_MS + LATE_MS);
    if (hostile.holds) expect(Math.min(...durations)).toBeGreaterThanOrEqual(ATTEMPT_TIMEOUT_MS - 5);
    else expect(Math.max(...durations)).toBeLessThan(ATTEMPT_TIMEOUT_MS - 100);
    expect(connections.length).toBeLessThanOrEqual(DELIVERIES);
    for (const { response } of attempts) {
      expect(Buffer.byteLength(response?.body ?? '')).toBeLessThanOrEqual(3 * 4_096);
      expect(JSON.stringify(response?.headers ?? {}).length).toBeLessThan(2_500);
    }
    expect(mostBytes - before).toBeLessThan(GROWTH_LIMIT_BYTES);
    expect(canary.requests).toEqual([]);
    expect(service.isRunning).toBe(true);
    report(hostile, durations, before, mostBytes);
  });

  it('answers 410 gets nothing more', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([410]);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const { attempts } = await deliver(client, webhook.id, 1);
    expect(told(attempts[0]!)).toEqual({ outcome: 'failed', error: null, status: 410 });
    await until('the webhook to be inactive', async () => {
      const { result } = (await client.get<{ result: { is_active: boolean }[] }>('/webhook')).expect(200);
      return !result[0]!.is_active;
    });
    await client.publish('record:created');
    expect(await client.deliveries({ status: 'pending' })).toEqual([]);
    expect(receiver.requests).toHaveLength(1);
  });

  const HOUR_MS = 3_600_000;
  const scheduled = { from: 0.8 * HOUR_MS, to: 1.2 * HOUR_MS };
  it.each([
    ['2', scheduled],
    [new Date(Date.now() + 3 * HOUR_MS).toUTCString(), { from: 2.9 * HOUR_MS, to: 3 * HOUR_MS }],
    ['-1', scheduled],
    ['1e12', scheduled],
    ['1000000000000', { from: 23.9 * HOUR_MS, to: 24 * HOUR_MS }],
    ['soon', scheduled],
  ])('answers 429 with Retry-After: %s is tried again when the schedule and the bound say', async (value, range) => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 429, headers: { 'retry-after': value } }]);
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const { attempts } = await deliver(client, webhook.id, 1);
    expect(told(attempts[0]!)).toEqual({ outcome: 'failed', error: null, status: 429 });
    const [delivery] = await client.deliveries({ webhook_id: webhook.id });
    const waitMs = Date.parse(delivery!.next_attempt_at!) - Date.parse(attempts[0]!.started_at);
    expect(waitMs).toBeGreaterThan(range.from - 1_000);
    expect(waitMs).toBeLessThan(range.to + 1_000);
  });
});

/** With HOSTILE_RECEIVERS_TABLE, a file, the measurements are added to it as rows of Markdown. */
function report(hostile: HostileReceiver, durations: number[], before: number, most: number): void {
  const file = process.env['HOSTILE_RECEIVERS_TABLE'];
  if (file === undefined) return;
  const result = hostile.status ?? hostile.error;
  const memory = `${Math.round(most / MEBIBYTE)} MiB | ${Math.round((most - before) / MEBIBYTE)} MiB`;
  appendFileSync(
    file,
    `| ${hostile.name} | ${hostile.outcome}, ${result} | ${Math.max(...durations)} ms | ${memory} |\n`,
  );
}

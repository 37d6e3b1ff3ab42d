import { jest } from '@jest/globals';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send, type ApiClient, type Delivery, type EventHead } from '../support/client.js';
import { Service } from '../support/process.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** Generous: a replica that died keeps its leases for less than a second. */
const TAKE_OVER_MS = 25_000;

const countOf = (deliveries: Delivery[], status: string): number =>
  deliveries.filter((delivery) => delivery.status === status).length;

const publishBatch = async (client: ApiClient, count: number): Promise<string[]> => {
  const events = Array.from({ length: count }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
  const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', { events })).expect(202);
  return result.map(({ id }) => id);
};

// Each story starts processes of its own.
jest.setTimeout(120_000);

describe('a process', () => {
  const receivers = useReceivers();
  const listen = useServers();
  let service: Service;

  /** Resolves when the signal has acted: the service says that it is not ready, or listens no more. */
  const stopsBeingReady = (): Promise<true> =>
    until('the service to stop being ready', async () => {
      const reply = await send(service.url, 'GET', '/health/ready').catch(() => undefined);
      return reply?.status !== 200;
    });

  afterEach(async () => {
    await service.stop();
  });

  it('that is killed between accepting and delivering delivers everything after its next start', async () => {
    service = new Service({ env: { IN_FLIGHT_LIMIT: '8', IN_FLIGHT_PER_WEBHOOK: '8' } });
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const answer = holdAnswers(receiver);
    const eventIds = await publishBatch(client, 50);
    await receiver.waitFor(1);
    expect(await service.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const inFlight = receiver.requests.length;
    answer();

    await service.restart();
    const received = (): Set<unknown> => new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
    await until(
      'every event to arrive',
      () => received().size === 50,
      TAKE_OVER_MS,
      () => `${received().size} of 50`,
    );
    expect(received()).toEqual(new Set(eventIds));
    await until('every delivery to succeed', async () => countOf(await client.deliveries(), 'succeeded') === 50);
    // Only what was in flight at the kill may have come twice.
    expect(receiver.requests.length).toBeLessThanOrEqual(50 + inFlight);
  });

  it('that gets SIGTERM ends what is in flight, leaves the rest to the next start, and sends nothing twice', async () => {
    service = new Service({ env: { IN_FLIGHT_LIMIT: '8', IN_FLIGHT_PER_WEBHOOK: '4' } });
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const answer = holdAnswers(receiver);
    const eventIds = await publishBatch(client, 20);
    await receiver.waitFor(4);
    service.signal('SIGTERM');
    await stopsBeingReady();
    answer();
    expect(await service.exit()).toEqual({ code: 0, signal: null });
    const before = receiver.requests.length;
    expect(before).toBeLessThan(20);

    await service.restart();
    const restarted = await client.deliveries();
    expect(restarted).toHaveLength(20);
    await until('every delivery to succeed', async () => countOf(await client.deliveries(), 'succeeded') === 20);
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(eventIds.length);
    expect(new Set(ids)).toEqual(new Set(eventIds));
  });

  it.each([
    ['has come', 'before'],
    ['comes while it stops', 'after'],
  ])('that gets SIGTERM records a status that %s, while the body drips, and sends nothing twice', async (_, when) => {
    service = new Service({ env: { ATTEMPT_TIMEOUT_MS: '60000', SHUTDOWN_TIMEOUT: '5s' } });
    await service.start();
    const { client } = await service.tenant();
    const answers: (() => void)[] = [];
    const dripping = createServer((request, response) => {
      request.resume();
      answers.push(() => {
        const drip = setInterval(() => response.write('a'), 20);
        response
          .on('close', () => clearInterval(drip))
          .writeHead(200)
          .write('a');
      });
    });
    const { port } = await listen(dripping);
    const webhook = await client.createWebhook({ target_url: `http://127.0.0.1:${port}/` });
    await publishBatch(client, 5);
    await until('the requests', () => answers.length === 5);
    const answer = (): void => answers.forEach((each) => each());
    if (when === 'before') answer();
    service.signal('SIGTERM');
    await stopsBeingReady();
    if (when === 'after') answer();
    expect((await service.exit()).code).toBe(0);

    await service.restart();
    const deliveries = await client.deliveries({ webhook_id: webhook.id });
    expect(deliveries.map(({ status, attempt_count: count }) => ({ status, count }))).toEqual(
      Array.from({ length: 5 }, () => ({ status: 'succeeded', count: 1 })),
    );
    const { attempts } = await client.delivery(deliveries[0]!.id);
    expect(attempts[0]!.response).toMatchObject({ status: 200, body_truncated: true });
    expect(answers).toHaveLength(5);
  });

  it('that gets SIGTERM gives up an attempt without a status when its time is over, and sends again after its next start', async () => {
    service = new Service({ env: { ATTEMPT_TIMEOUT_MS: '60000', SHUTDOWN_TIMEOUT: '4s', RETRY_SCHEDULE: '' } });
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith(['hang', 200]);
    await client.createWebhook({ target_url: receiver.url() });
    await client.publish('record:created');
    await receiver.waitFor(1);
    expect((await service.kill('SIGTERM')).code).toBe(0);
    expect(receiver.requests).toHaveLength(1);

    await service.restart();
    // It spends no retry, of which there are none here.
    await until('the delivery to succeed', async () => countOf(await client.deliveries(), 'succeeded') === 1);
    expect(receiver.requests).toHaveLength(2);
  });

  it('that stops turns late requests away with 503 and when to repeat, and tells that it is not ready', async () => {
    service = new Service();
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const answer = holdAnswers(receiver);
    await client.publish('record:created');
    await receiver.waitFor(1);
    const late = [await client.begin('POST', '/event'), await client.begin('POST', '/event/batch')];
    const readiness = await client.begin('GET', '/health/ready');
    service.signal('SIGTERM');
    await stopsBeingReady();
    for (const request of late) {
      const reply = await request.finish();
      reply.expectError(503, 'SHUTTING_DOWN');
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await readiness.finish()).expect(503)).toMatchObject({ status: 'unavailable' });
    answer();
    expect((await service.exit()).code).toBe(0);
  });

  it('that gets a second SIGTERM does not wait for what is in flight', async () => {
    service = new Service();
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const answer = holdAnswers(receiver);
    await client.publish('record:created');
    await receiver.waitFor(1);
    service.signal('SIGTERM');
    await stopsBeingReady();
    // What comes within a second is the same signal, passed on.
    await sleep(1_000);
    service.signal('SIGTERM');
    await service.exit(5000);
    answer();
  });
});

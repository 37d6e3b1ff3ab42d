import { jest } from '@jest/globals';
import type { EventHead } from '../support/client.js';
import { SERVER_URL, Service } from '../support/process.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** A dead replica's leases end within 10 s, and then another has to claim them. A burst takes its time as well. */
const TAKE_OVER_MS = 25_000;

// Each story starts processes of its own.
jest.setTimeout(120_000);

describe('replicas', () => {
  const receivers = useReceivers();
  let service: Service;

  afterEach(async () => {
    await service.stop();
  });

  const batch = (count: number) => ({
    events: Array.from({ length: count }, (_, n) => ({ event_type: 'record:created', payload: { n } })),
  });

  if (SERVER_URL) {
    /** Two replicas whose deliveries a receiver can tell apart by the name of the body signature. */
    const twoReplicas = async (): Promise<Service> => {
      service = new Service({ env: { IN_FLIGHT_LIMIT: '4', SIGNATURE_HEADER: 'X-First' } });
      await service.start();
      return service.startReplica({ SIGNATURE_HEADER: 'X-Second' });
    };

    it('on one database share the work and send everything once', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const sent = [
        (await client.post<{ result: EventHead[] }>('/event/batch', batch(200))).expect(202),
        (await second.client(token).post<{ result: EventHead[] }>('/event/batch', batch(10))).expect(202),
      ].flatMap(({ result }) => result.map(({ id }) => id));
      await receiver.waitFor(210, TAKE_OVER_MS);
      await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
      const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
      expect(ids).toHaveLength(sent.length);
      expect(new Set(ids)).toEqual(new Set(sent));
      for (const name of ['x-first', 'x-second']) {
        expect(receiver.requests.filter(({ headers }) => headers[name] !== undefined).length).toBeGreaterThan(0);
      }
    });

    it('take over from one that was killed', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const answer = holdAnswers(receiver);
      const event = await client.publish('record:created');
      await receiver.waitFor(1);
      await service.kill('SIGKILL');
      answer();
      const survivor = second.client(token);
      await until(
        'the survivor to deliver',
        async () => (await survivor.event(event.id)).deliveries.succeeded === 1,
        TAKE_OVER_MS,
      );
      expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id]);
      expect(receiver.requests[1]!.headers).toHaveProperty('x-second');
    });

    it('see what another one changed before it answered', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      const { id } = await client.createWebhook({ target_url: receiver.url() });
      (await client.patch(`/webhook/${id}`, { is_active: false })).expect(200);
      const other = second.client(token);
      const event = await other.publish('record:created');
      expect(await other.deliveries({ event_id: event.id })).toEqual([]);
      expect(receiver.requests).toEqual([]);
    });
  } else {
    it('need a server: one process alone delivers a burst once, in spite of a small limit of attempts', async () => {
      service = new Service({ env: { IN_FLIGHT_LIMIT: '4' } });
      await service.start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', batch(100))).expect(202);
      await receiver.waitFor(100, TAKE_OVER_MS);
      await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
      const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
      expect(ids).toHaveLength(result.length);
      expect(new Set(ids)).toEqual(new Set(result.map(({ id }) => id)));
    });
  }
});

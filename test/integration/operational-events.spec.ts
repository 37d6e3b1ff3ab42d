import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { OPERATIONAL_EVENTS, type OperationalEventType } from '../../src/common/operational-events.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { DeliveryClaimer } from '../../src/deliveries/engine/delivery-claimer.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { BacklogWatcher } from '../../src/operations/backlog-watcher.js';
import { OperationalEventPublisher } from '../../src/operations/operational-event-publisher.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { OPERATOR_SECRET, operatorSettings, operatorWebhookIn, type ToldEvent, toldTo } from '../support/operator.js';
import { parsePrometheusText } from '../support/prometheus-text.js';
import { Receiver, verifiedSignatures } from '../support/receiver.js';
import { until } from '../support/wait.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Identified {
  id: string;
}

/** The members of its payload as they are documented. */
const membersOf = (type: OperationalEventType): string[] =>
  Object.keys(OPERATIONAL_EVENTS.find((event) => event.type === type)!.members);

describe('operational events', () => {
  let test: TestDatabase;
  let operator: Receiver;
  let endpoint: Receiver;
  let replicas: TestReplica[];
  let replica: TestReplica;
  let environmentId: string;
  let warned: jest.SpiedFunction<Logger['warn']>;

  const start = async (env: Record<string, string> = {}): Promise<TestReplica> => {
    const started = await startReplica(test, { RETRY_SCHEDULE: '', ...operatorSettings(operator), ...env });
    replicas.push(started);
    return started;
  };
  const create = async (path: string, body: object): Promise<string> => {
    const reply = await replica.call<Identified>('POST', path, { environmentId, body });
    expect(reply.status).toBeLessThan(300);
    return reply.body.id;
  };
  const webhook = (path = '/secret-path?key=hidden'): Promise<string> =>
    create('/webhook', { target_url: endpoint.url(path) });
  const publish = (): Promise<string> =>
    create('/event', { event_type: 'record:created', payload: { canary: 'canary-payload' } });
  const told = (type: string, count = 1): Promise<ToldEvent[]> =>
    until(
      `${count} of ${type}`,
      () => toldTo(operator, type).length >= count && toldTo(operator, type),
      15_000,
      () => JSON.stringify(toldTo(operator)),
    );
  const waiting = async (): Promise<{ event_type: string }[]> =>
    test.dataSource.query('SELECT event_type FROM operational_event ORDER BY id');
  const settled = (): Promise<true> =>
    until('nothing to wait any more', async () => {
      const [row] = await test.dataSource.query<{ left: number }[]>(
        `SELECT ((SELECT count(*) FROM operational_event) + (SELECT count(*) FROM delivery_queue))::int AS left`,
      );
      return row!.left === 0;
    });
  const dropped = async (): Promise<Record<string, number>> => {
    const families = parsePrometheusText(await replica.nest.get(Metrics).render());
    const { samples } = families.get('tidings_operational_events_dropped_total')!;
    expect(samples).toHaveLength(3);
    return Object.fromEntries(
      samples.filter(({ value }) => value > 0).map(({ labels, value }) => [labels['event_type'], value]),
    );
  };
  const report = (type: string, count: number): Promise<unknown> =>
    test.dataSource.query(
      `INSERT INTO operational_event (id, event_type, payload, created_at)
       SELECT uuid_v7(now()), $1, json_build_object('n', n)::text, now() FROM generate_series(1, $2::int) n`,
      [type, count],
    );

  beforeEach(async () => {
    test = await createTestDatabase();
    [operator, endpoint] = [await Receiver.start(), await Receiver.start()];
    replicas = [];
    warned = jest.spyOn(Logger.prototype, 'warn');
    endpoint.respondWith(() => 500);
    replica = await start();
    environmentId = (
      await replica.call<Identified>('POST', '/environment', {
        body: { name: 'a customer', allow_duplicate_name: true },
      })
    ).body.id;
  });
  afterEach(async () => {
    warned.mockRestore();
    for (const each of replicas) await each.close();
    for (const receiver of [operator, endpoint]) await receiver.close();
    await test.close();
  });

  it('tell of a webhook whose endpoint is gone, and of its target only the host', async () => {
    endpoint.respondWith(() => 410);
    const id = await webhook();
    await publish();
    const [event] = await told('webhook.disabled');
    expect(event).toMatchObject({
      event: 'webhook.disabled',
      environment_id: (await operatorWebhookIn(test.dataSource))!.environment_id,
      payload: {
        webhook_id: id,
        environment_id: environmentId,
        target_host: `127.0.0.1:${endpoint.port}`,
        reason: 'gone',
        disabled_at: expect.stringMatching(TIME),
      },
    });
    expect(Object.keys(event!.payload)).toEqual(membersOf('webhook.disabled'));
    await settled();
    expect(toldTo(operator, 'webhook.disabled')).toHaveLength(1);
    for (const { body } of operator.requests) expect(body.toString()).not.toMatch(/secret-path|hidden|canary/);
    expect(verifiedSignatures(operator.requests[0]!, OPERATOR_SECRET)).toEqual({ standard: true, body: true });
  });

  it('do not tell of a webhook that somebody made inactive', async () => {
    const id = await webhook();
    const path = `/webhook/${id}`;
    expect((await replica.call('PATCH', path, { environmentId, body: { is_active: false } })).status).toBe(200);
    expect((await replica.call('DELETE', path, { environmentId })).status).toBe(200);
    expect(await waiting()).toEqual([]);
  });

  it('tell of each delivery whose schedule is spent, once, and of none that succeeded or was a test', async () => {
    await replica.close();
    replica = replicas[0] = await startReplica(test, { RETRY_SCHEDULE: '0s', ...operatorSettings(operator) });
    const id = await webhook();
    const reply = await replica.call('POST', '/webhook/test', { environmentId, body: { id } });
    expect(reply.status).toBe(422);
    const events = [await publish(), await publish()];
    endpoint.respondWith(({ path }) => (path === '/good' ? 200 : 500));
    await webhook('/good');
    events.push(await publish());
    const found = await told('delivery.failed', 3);
    await settled();
    expect(toldTo(operator)).toHaveLength(3);
    expect(new Set(found.map(({ payload }) => payload['event_id']))).toEqual(new Set(events));
    const { result } = await replica.read<{ result: (Identified & { event_type: string })[] }>(
      '/delivery?status=failed',
      environmentId,
    );
    const failed = result.filter(({ event_type: type }) => type !== 'test').map((delivery) => delivery.id);
    expect(new Set(found.map(({ payload }) => payload['delivery_id']))).toEqual(new Set(failed));
    for (const { payload } of found) {
      expect(payload).toEqual({
        delivery_id: expect.any(String),
        event_id: expect.any(String),
        webhook_id: id,
        environment_id: environmentId,
        event_type: 'record:created',
        attempt_count: 2,
        error: null,
        response_status: 500,
        created_at: expect.stringMatching(TIME),
        failed_at: expect.stringMatching(TIME),
      });
      expect(Object.keys(payload)).toEqual(membersOf('delivery.failed'));
    }
  });

  it('tell again of a delivery that was sent again and failed again', async () => {
    await webhook();
    await publish();
    const [event] = await told('delivery.failed');
    const path = `/delivery/${String(event!.payload['delivery_id'])}/retry`;
    expect((await replica.call('POST', path, { environmentId })).status).toBe(202);
    const [, second] = await told('delivery.failed', 2);
    expect(second!.payload).toMatchObject({ delivery_id: event!.payload['delivery_id'], attempt_count: 2 });
  });

  it('tell of a delivery that ended because its workers were lost', async () => {
    const id = await webhook();
    const eventId = uuidV7();
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at,
         lost_leases, attempt_count, lease, leased_by, leased_until)
       VALUES ($1, $2, $3, $1, 'record:created', now(), now(), 4, 1, $4, $4, now() + interval '1 hour')`,
      [eventId, environmentId, id, randomUUID()],
    );
    const [event] = await told('delivery.failed');
    expect(event!.payload).toMatchObject({ delivery_id: eventId, error: 'worker_lost', attempt_count: 2 });
    expect(event!.payload['response_status']).toBeNull();
  });

  it('are not made of what becomes of themselves', async () => {
    operator.respondWith(() => 410);
    await webhook();
    await publish();
    await until('the webhook of the operator to be inactive', async () => {
      const stored = await operatorWebhookIn(test.dataSource);
      return stored?.is_active === false;
    });
    await settled();
    const { environment_id: own } = (await operatorWebhookIn(test.dataSource))!;
    const { result } = await replica.read<{ result: object[] }>('/delivery', own);
    expect(result).toEqual([expect.objectContaining({ event_type: 'delivery.failed', status: 'failed' })]);
    await replica.nest.get(OperationalEventPublisher).round();
    await settled();
    const events = (await replica.call<{ result: object[] }>('GET', '/event', { environmentId: own })).body.result;
    expect(events).toEqual([expect.objectContaining({ event_type: 'delivery.failed' })]);
    expect(warned.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('is inactive'))).toHaveLength(
      1,
    );
  });

  it('that were not delivered while the webhook was inactive can be recovered', async () => {
    const { environment_id: own, webhook_id: id } = (await operatorWebhookIn(test.dataSource))!;
    const body = { is_active: false };
    expect((await replica.call('PATCH', `/webhook/${id}`, { environmentId: own, body })).status).toBe(200);
    await webhook();
    await publish();
    await until('the event to be stored', async () => {
      const { result } = (
        await replica.call<{ result: object[] }>('GET', '/event?event_type=delivery.failed', { environmentId: own })
      ).body;
      return result.length === 1;
    });
    expect(operator.requests).toHaveLength(0);
    await replica.call('PATCH', `/webhook/${id}`, { environmentId: own, body: { is_active: true } });
    const since = new Date(Date.now() - 60_000).toISOString();
    const recovered = await replica.call('POST', `/webhook/${id}/recover`, { environmentId: own, body: { since } });
    expect(recovered.status).toBe(202);
    await told('delivery.failed');
  });

  it('are unknown to who publishes, subscribes, tests or lists types, and known to who reads deliveries', async () => {
    const { environment_id: own, webhook_id: id } = (await operatorWebhookIn(test.dataSource))!;
    const event_type = 'delivery.failed';
    const bodies = {
      '/event': { event_type, payload: {} },
      '/webhook': { target_url: endpoint.url(), event_types: [event_type] },
      '/webhook/test': { id, event_type },
    };
    for (const [path, body] of Object.entries(bodies)) {
      expect([path, (await replica.call('POST', path, { environmentId: own, body })).status]).toEqual([path, 400]);
    }
    const types = await replica.call('GET', '/event-type', { environmentId: own });
    expect(JSON.stringify(types.body)).not.toContain(event_type);
    for (const path of ['/event', '/delivery']) {
      const query = `${path}?event_type=${event_type}`;
      expect(await replica.call('GET', query, { environmentId: own })).toMatchObject({ status: 200 });
    }
  });

  it('are each published once by replicas that work at the same time', async () => {
    const others = [await start(), await start()];
    await report('delivery.failed', 1_100);
    await Promise.all([replica, ...others].map(({ nest }) => nest.get(OperationalEventPublisher).round()));
    await operator.waitFor(1_100, 60_000);
    await settled();
    const numbers = toldTo(operator).map(({ payload }) => Number(payload['n']));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_100 }, (_, n) => n + 1));
  });

  it('are dropped beyond ten thousand that wait, the rare ones last, counted, and told of in the log', async () => {
    operator.respondWith(() => 500);
    const { environment_id: own, webhook_id: id } = (await operatorWebhookIn(test.dataSource))!;
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
       SELECT d, $1, $2, d, 'delivery.failed', now(), now() + interval '1 hour'
       FROM (SELECT uuid_v7(now()) AS d FROM generate_series(1, 9998)) ids`,
      [own, id],
    );
    await replica.nest.get(OperationalEventPublisher).onModuleDestroy();
    await report('delivery.failed', 5);
    await report('webhook.disabled', 1);
    const publisher = (await start()).nest.get(OperationalEventPublisher);
    replica = replicas.at(-1)!;
    await publisher.round();
    await until('nothing to be left to publish', async () => (await waiting()).length === 0);
    const made = await test.dataSource.query<{ event_type: string }[]>(
      'SELECT event_type FROM event WHERE environment_id = $1 ORDER BY event_type',
      [own],
    );
    expect(made).toEqual([{ event_type: 'delivery.failed' }, { event_type: 'webhook.disabled' }]);
    expect(await dropped()).toEqual({ 'delivery.failed': 4 });
    await report('delivery.failed', 3);
    await publisher.round();
    await publisher.round();
    const lines = warned.mock.calls.map(([line]) => line as { msg?: string; count?: number });
    expect(lines.filter(({ msg }) => msg?.includes('were dropped')).map(({ count }) => count)).toEqual([4]);
    expect((await dropped())['delivery.failed']).toBeGreaterThan(4);
  });

  it('are dropped when the webhook was deleted, until the next start', async () => {
    const { environment_id: own, webhook_id: id } = (await operatorWebhookIn(test.dataSource))!;
    expect((await replica.call('DELETE', `/webhook/${id}`, { environmentId: own })).status).toBe(200);
    await webhook();
    await publish();
    await until('it to be dropped', async () => (await dropped())['delivery.failed'] === 1);
    expect(await waiting()).toEqual([]);
    const lines = warned.mock.calls.map(([line]) => String(line));
    expect(lines.filter((line) => line.includes('a restart makes it anew'))).toHaveLength(1);
    await start();
    await publish();
    await told('delivery.failed');
  });

  it('are not written down without the setting', async () => {
    await replica.close();
    replicas.length = 0;
    await test.dataSource.query('DELETE FROM operator_webhook');
    replica = replicas[0] = await startReplica(test, { RETRY_SCHEDULE: '' });
    endpoint.respondWith([500, 410]);
    const id = await webhook();
    await publish();
    await endpoint.waitFor(1);
    await publish();
    await until('the webhook to be inactive', async () => {
      const { body } = await replica.call<{ is_active: boolean }>('GET', `/webhook/${id}`, { environmentId });
      return !body.is_active;
    });
    await settled();
    expect(await waiting()).toEqual([]);
    expect(operator.requests).toHaveLength(0);
  });

  it('tell once, whoever looks, of a backlog that is old, and again only after it was young', async () => {
    const watchers = [replica, await start(), await start()].map(({ nest }) => nest.get(BacklogWatcher));
    for (const watcher of watchers) await watcher.onModuleDestroy();
    const look = (): Promise<unknown> => Promise.all(watchers.map((watcher) => watcher.look()));
    const id = await webhook();
    // Leased by nobody, and to an endpoint that nothing is known against: it only lacks a replica with room.
    const add = (): Promise<unknown> =>
      test.dataSource.query(
        `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
         SELECT uuid_v7(now()), $1, $2, uuid_v7(now()), 'record:created', now(), now() - interval '6 minutes'`,
        [environmentId, id],
      );
    for (const { nest } of replicas) await nest.get(DeliveryClaimer).stop();
    await look();
    expect(await waiting()).toEqual([]);
    await add();
    await look();
    await look();
    await until('it to be stored', async () => (await storedTypes()).length === 1);
    await test.dataSource.query('DELETE FROM delivery_queue WHERE environment_id = $1', [environmentId]);
    await look();
    await add();
    await look();
    await until('it to be stored again', async () => (await storedTypes()).length === 2);
    await look();
    expect(await waiting()).toEqual([]);
    expect(await storedTypes()).toEqual(['backlog.old', 'backlog.old']);
    const [{ payload }] = await test.dataSource.query<[{ payload: string }]>(
      `SELECT payload FROM event WHERE event_type = 'backlog.old' LIMIT 1`,
    );
    expect(JSON.parse(payload)).toMatchObject({ limit_seconds: 300, deliveries: { due: 1 } });
    expect(Object.keys(JSON.parse(payload) as object)).toEqual(membersOf('backlog.old'));
    expect((JSON.parse(payload) as { oldest_due_seconds: number }).oldest_due_seconds).toBeGreaterThanOrEqual(360);
  });

  const storedTypes = async (): Promise<string[]> =>
    (
      await test.dataSource.query<{ event_type: string }[]>(
        'SELECT event_type FROM event WHERE environment_id <> $1 ORDER BY id',
        [environmentId],
      )
    ).map(({ event_type: type }) => type);
});

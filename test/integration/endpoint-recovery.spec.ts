import { jest } from '@jest/globals';
import { EndpointStates } from '../../src/deliveries/engine/endpoint-states.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent, makeProbeDue, takeDown } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

describe('an endpoint whose state changes', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;
  let changed: jest.SpiedFunction<EndpointStates['changed']>;

  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, { RETRY_SCHEDULE: '1s,1s', IN_FLIGHT_PER_WEBHOOK: '4' });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    receiver.clear();
    receiver.respondWith(() => 200);
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'health', allow_duplicate_name: true },
    });
    environmentId = body.id;
    changed = jest.spyOn(replica.nest.get(EndpointStates), 'changed');
  });
  afterEach(() => changed.mockRestore());
  afterAll(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  const createWebhook = async (path = '/hook'): Promise<string> => {
    const body = { target_url: receiver.url(path) };
    return (await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body })).body.id;
  };
  const publish = (count: number) =>
    replica.nest.get(EventIntake).accept(Array.from({ length: count }, () => makeEvent(environmentId)));
  const deliveries = async () => {
    const page = await replica.read<{ result: { status: string; attempt_count: number }[] }>(
      '/delivery',
      environmentId,
    );
    return page.result;
  };
  const told = () => changed.mock.calls.map(([{ from, to }]) => `${from} → ${to}`);

  it('gets what waited while it was down, no attempt of it spent, with ever more in flight', async () => {
    const webhookId = await createWebhook();
    await takeDown(test.dataSource, webhookId);
    let [inFlight, answered] = [0, 0];
    const excess: number[] = [];
    receiver.respondWith(async () => {
      inFlight += 1;
      // One in flight after the probe, and one more for each answer that can have been recorded.
      excess.push(inFlight - Math.max(1, answered));
      await new Promise((resolve) => setTimeout(resolve, 20));
      inFlight -= 1;
      answered += 1;
      return 200;
    });
    await publish(30);
    expect((await deliveries()).every(({ attempt_count: count }) => count === 0)).toBe(true);

    await makeProbeDue(test.dataSource, webhookId);

    await until('all to be delivered', async () =>
      (await deliveries()).every(({ status, attempt_count: count }) => status === 'succeeded' && count === 1),
    );
    expect(Math.max(...excess)).toBeLessThanOrEqual(0);
    expect(told()).toEqual(['down → recovering', 'recovering → healthy']);
  });

  it('goes on recovering after a failure', async () => {
    const webhookId = await createWebhook();
    await takeDown(test.dataSource, webhookId);
    receiver.respondWith([200, 500, 200]);
    await publish(8);
    await makeProbeDue(test.dataSource, webhookId);
    await until('all to be delivered', async () => (await deliveries()).every(({ status }) => status === 'succeeded'));
    expect(told()).toEqual(['down → recovering', 'recovering → healthy']);
    expect(receiver.requests).toHaveLength(9);
  });

  it('gets the good ones, however many it refuses', async () => {
    const webhookId = await createWebhook();
    const isBad = ({ body }: { body: Buffer }) => body.includes('"bad":true');
    receiver.respondWith((request) => (isBad(request) ? 422 : 200));
    const publishOne = async (payload: object): Promise<string> => {
      const body = { event_type: 'record:created', payload };
      return (await replica.call<{ id: string }>('POST', '/event', { environmentId, body })).body.id;
    };
    for (let count = 0; count < 60; count++) await publishOne({ bad: true });
    await until('each to be refused', () => receiver.requests.length >= 60);
    await test.dataSource.query(`UPDATE webhook_health SET failing_since = now() - interval '2 minutes'`);
    await until('it to be down', () => told().includes('healthy → down'));
    // Those that wait are due again and again.
    await test.dataSource.query('UPDATE delivery_queue SET due_at = now(), failures = 2');

    for (let count = 0; count < 5; count++) await publishOne({ good: count });

    const good = () => receiver.requests.filter((request) => !isBad(request));
    await until('the good ones', () => good().length === 5);
    await publishOne({ good: 'more' });
    await until('one more', () => good().length === 6);
    await until('it to be healthy', () => told().at(-1)?.endsWith('→ healthy') === true);
    const health = await replica.call<{ last_failure: object }>('GET', `/webhook/${webhookId}/health`, {
      environmentId,
    });
    expect(health.body.last_failure).toMatchObject({ status: 422, error: null });
    // What it refused is not to be told of in the next test.
    await replica.call('DELETE', `/webhook/${webhookId}`, { environmentId });
  });

  it('is told to be paused by a 429, once, and to be healthy when its webhook starts afresh', async () => {
    const webhookId = await createWebhook();
    receiver.respondWith(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
    await publish(3);
    await until('the pause', () => told().length > 0);
    expect(told()).toEqual(['healthy → paused']);
    await takeDown(test.dataSource, webhookId);
    await replica.call('PATCH', `/webhook/${webhookId}`, { environmentId, body: { is_active: true } });
    expect(told()).toEqual(['healthy → paused', 'down → healthy']);
  });

  it('does not hold up the results of others while its webhook is made inactive', async () => {
    const webhooks = replica.nest.get(WebhooksService);
    const { disable } = webhooks;
    let release!: () => void;
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const spy = jest.spyOn(webhooks, 'disable').mockImplementation(async (...args) => {
      await isReleased;
      return disable.apply(webhooks, args);
    });
    try {
      receiver.respondWith(({ path }) => (path === '/gone' ? 410 : 200));
      const gone = await createWebhook('/gone');
      await publish(1);
      await until('the end of the webhook to begin', () => spy.mock.calls.length > 0);
      await createWebhook('/other');
      await publish(1);
      await until('the other delivery', async () => (await deliveries()).some(({ status }) => status === 'succeeded'));
      expect(told()).toEqual([]);

      release();

      await until('the end of the webhook', () => told().length > 0);
      expect(changed).toHaveBeenCalledWith({
        webhookId: gone,
        from: 'healthy',
        to: 'disabled_gone',
      });
    } finally {
      release();
      spy.mockRestore();
    }
  });
});

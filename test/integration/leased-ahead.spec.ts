import { jest } from '@jest/globals';
import type { LeasedDelivery } from '../../src/deliveries/delivery.types.js';
import { LeasedAhead } from '../../src/deliveries/engine/leased-ahead.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent } from '../support/delivery-fixtures.js';
import { type Answer, Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

const ATTEMPTS = 8;
const PUBLISHERS = 24;

/** What a webhook may have leased beyond its attempts under way (engine/in-flight.ts). */
describe('deliveries that are leased ahead', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;
  let hold: jest.SpiedFunction<LeasedAhead['hold']>;

  beforeEach(async () => {
    hold = jest.spyOn(LeasedAhead.prototype, 'hold');
    test = await createTestDatabase();
    replica = await startReplica(test, { IN_FLIGHT_PER_WEBHOOK: String(ATTEMPTS), SHUTDOWN_TIMEOUT: '6s' });
    receiver = await Receiver.start();
    const { body } = await replica.call<{ id: string }>('POST', '/environment', { body: { name: 'ahead' } });
    environmentId = body.id;
    await replica.call('POST', '/webhook', { environmentId, body: { target_url: receiver.url() } });
  });
  afterEach(async () => {
    hold.mockRestore();
    await receiver.close();
    await replica.close();
    await test.close();
  });

  /** Each publishes one event after the other. */
  const publish = (each: number): Promise<unknown> => {
    const intake = replica.nest.get(EventIntake);
    const publisher = async (): Promise<void> => {
      for (let published = 0; published < each; published++) await intake.accept([makeEvent(environmentId)]);
    };
    return Promise.all(Array.from({ length: PUBLISHERS }, publisher));
  };
  /** Of events. */
  const held = (): string[] => hold.mock.calls.map(([delivery]: [LeasedDelivery]) => delivery.event!.id);
  const received = (): unknown[] => receiver.requests.map(({ headers }) => headers['webhook-id']);
  const answer = async (): Promise<Answer> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return 200;
  };
  const leased = async (): Promise<number> => {
    const [{ count }] = await test.dataSource.query(
      'SELECT count(*)::int AS count FROM delivery_queue WHERE lease IS NOT NULL',
    );
    return count;
  };

  it('start one by one as attempts end, and no more are made at once than may be', async () => {
    let [underWay, mostAtOnce] = [0, 0];
    receiver.respondWith(async () => {
      mostAtOnce = Math.max(mostAtOnce, ++underWay);
      const status = await answer();
      underWay -= 1;
      return status;
    });

    await publish(30);

    await receiver.waitFor(PUBLISHERS * 30);
    await until('an empty queue', async () => (await test.dataSource.query('SELECT FROM delivery_queue')).length === 0);
    expect(new Set(received()).size).toBe(PUBLISHERS * 30);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 30);
    expect(mostAtOnce).toBe(ATTEMPTS);
    expect(held().length).toBeGreaterThan(10);
  });

  it('are given back within a moment when their endpoint hangs', async () => {
    receiver.respondWith((_, index) => (index < PUBLISHERS * 10 ? answer() : 'hang'));

    await publish(30);
    await receiver.waitFor(PUBLISHERS * 10 + ATTEMPTS);

    await until('leases of attempts alone', async () => (await leased()) === ATTEMPTS, 5_000);
    const unsent = held().filter((id) => !received().includes(id));
    expect(unsent.length).toBeGreaterThan(0);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 10 + ATTEMPTS);
  });

  it('are given back when their endpoint asks for a pause, and take no place of an attempt that ends later', async () => {
    let answers: ((answer: Answer) => void)[] | null = null;
    receiver.respondWith(() =>
      answers
        ? new Promise((resolve) => answers!.push(resolve))
        : new Promise((resolve) => setTimeout(resolve, 100, 200)),
    );
    await publish(30);
    answers = [];
    await until('attempts that wait for their answers', () => answers!.length >= ATTEMPTS);

    answers[0]!({ status: 429, headers: { 'retry-after': '60' } });
    await until('the pause', async () => {
      const [row] = await test.dataSource.query('SELECT FROM webhook_health WHERE paused_until > now()');
      return row !== undefined;
    });
    const before = receiver.requests.length;
    const [, ...others] = answers;
    answers = null;
    for (const respond of others) respond(200);

    await until('nothing to be leased', async () => (await leased()) === 0);
    // But for a claim just before the pause.
    expect(receiver.requests.length - before).toBeLessThan(ATTEMPTS / 2);
  });

  it('do not start when the replica stops', async () => {
    receiver.respondWith((_, index) => (index < PUBLISHERS * 10 ? answer() : 'hang'));
    await publish(30);
    await receiver.waitFor(PUBLISHERS * 10 + ATTEMPTS);

    await replica.close();

    expect(await leased()).toBe(0);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 10 + ATTEMPTS);
  });
});

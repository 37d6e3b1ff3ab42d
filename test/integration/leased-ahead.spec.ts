import { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

const ATTEMPTS = 4;
const PUBLISHERS = 8;

/** What a webhook may have leased beyond its attempts under way (engine/in-flight.ts). */
describe('deliveries that are leased ahead', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;
  let capacity: DeliveryCapacity;

  beforeEach(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, { IN_FLIGHT_PER_WEBHOOK: String(ATTEMPTS), SHUTDOWN_TIMEOUT: '3s' });
    capacity = replica.nest.get(DeliveryCapacity);
    receiver = await Receiver.start();
    const { body } = await replica.call<{ id: string }>('POST', '/environment', { body: { name: 'ahead' } });
    environmentId = body.id;
    await replica.call('POST', '/webhook', { environmentId, body: { target_url: receiver.url() } });
  });
  afterEach(async () => {
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
  /** Answers after 20 ms until `until` requests have come, then never. */
  const answerUntil = (last: number): { mostAtOnce: number; mostAhead: number } => {
    const seen = { mostAtOnce: 0, mostAhead: 0 };
    let underWay = 0;
    receiver.respondWith(async (_, index) => {
      underWay += 1;
      seen.mostAtOnce = Math.max(seen.mostAtOnce, underWay);
      seen.mostAhead = Math.max(seen.mostAhead, capacity.unstarted);
      if (index >= last) return 'hang';
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay -= 1;
      return 200;
    });
    return seen;
  };
  const leased = async (): Promise<number> => {
    const [{ count }] = await test.dataSource.query(
      'SELECT count(*)::int AS count FROM delivery_queue WHERE lease IS NOT NULL',
    );
    return count;
  };

  it('start one by one as attempts end, and no more are made at once than may be', async () => {
    const seen = answerUntil(Infinity);

    await publish(30);

    const requests = await receiver.waitFor(PUBLISHERS * 30);
    await until('an empty queue', async () => (await test.dataSource.query('SELECT FROM delivery_queue')).length === 0);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(PUBLISHERS * 30);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 30);
    expect(seen.mostAtOnce).toBe(ATTEMPTS);
    expect(seen.mostAhead).toBeGreaterThanOrEqual(2);
    // No more than have succeeded within 100 ms, nor than attempts may be under way.
    expect(seen.mostAhead).toBeLessThanOrEqual(ATTEMPTS + PUBLISHERS);
  });

  it('are given back within a moment when their endpoint hangs', async () => {
    const seen = answerUntil(PUBLISHERS * 10);

    await publish(30);
    await receiver.waitFor(PUBLISHERS * 10 + ATTEMPTS);

    await until('leases of attempts alone', async () => (await leased()) === ATTEMPTS, 5_000);
    expect(seen.mostAhead).toBeGreaterThanOrEqual(2);
    expect(capacity.unstarted).toBe(0);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 10 + ATTEMPTS);
  });

  it('are given back when the replica stops', async () => {
    answerUntil(PUBLISHERS * 10);
    await publish(30);
    await receiver.waitFor(PUBLISHERS * 10 + ATTEMPTS);

    await replica.close();

    expect(await leased()).toBe(0);
    expect(receiver.requests).toHaveLength(PUBLISHERS * 10 + ATTEMPTS);
  });
});

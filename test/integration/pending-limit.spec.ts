import { randomUUID } from 'node:crypto';
import { countPending } from '../../src/deliveries/queue/count-pending.js';
import { countReplicas, touchReplica } from '../../src/deliveries/queue/replicas.js';
import { holdAnswers } from '../e2e/receivers.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

const LIMIT = 10;

describe('the limit of pending deliveries', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  beforeEach(async () => {
    test = await createTestDatabase();
    receiver = await Receiver.start();
    replica = await startReplica(test, {
      PENDING_DELIVERIES_PER_ENVIRONMENT: String(LIMIT),
      IN_FLIGHT_LIMIT: '1',
      RETRY_SCHEDULE: '1h',
    });
  });
  afterEach(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  async function makeTenant(): Promise<{ environmentId: string; webhookId: string }> {
    const made = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'pending', allow_duplicate_name: true },
    });
    const environmentId = made.body.id;
    const body = { target_url: receiver.url() };
    const webhook = await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body });
    return { environmentId, webhookId: webhook.body.id };
  }

  const publish = async (environmentId: string): Promise<{ status: number; code?: string }> => {
    const body = { event_type: 'record:created', payload: {} };
    const reply = await replica.call<{ code?: string }>('POST', '/event', { environmentId, body });
    return { status: reply.status, ...(reply.body.code && { code: reply.body.code }) };
  };

  const publishUntil = (environmentId: string, status: number): Promise<number> => {
    let accepted = 0;
    return until(`an answer ${status}`, async () => {
      const reply = await publish(environmentId);
      if (reply.status === 202) accepted += 1;
      return reply.status === status ? accepted : undefined;
    });
  };

  it('refuses events while as many wait, in that environment alone, and takes them when there are less', async () => {
    const release = holdAnswers(receiver);
    const one = await makeTenant();
    const other = await makeTenant();
    const accepted = await publishUntil(one.environmentId, 429);
    // One is being sent; beyond that at most what was published before the first count was back.
    expect(accepted).toBeGreaterThanOrEqual(LIMIT);
    expect(accepted).toBeLessThanOrEqual(2 * LIMIT + 1);
    const body = { events: [{ event_type: 'record:created', payload: {}, idempotency_key: randomUUID() }] };
    const batch = await replica.call<{ code: string }>('POST', '/event/batch', {
      environmentId: one.environmentId,
      body,
    });
    expect([batch.status, batch.body.code]).toEqual([429, 'PENDING_LIMIT_REACHED']);
    expect(Number(batch.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await publish(other.environmentId)).status).toBe(202);
    release();
    await publishUntil(one.environmentId, 202);
    await receiver.waitFor(accepted + 2);
  });

  it('counts what waits for a retry, and not what was canceled', async () => {
    receiver.respondWith(() => 500);
    const { environmentId, webhookId } = await makeTenant();
    await publishUntil(environmentId, 429);
    expect(await publish(environmentId)).toEqual({ status: 429, code: 'PENDING_LIMIT_REACHED' });
    await replica.call('PATCH', `/webhook/${webhookId}`, { environmentId, body: { is_active: false } });
    await publishUntil(environmentId, 202);
  });
});

describe('counting what waits', () => {
  it('goes on until the end or the limit, and tells how many replicas share it', async () => {
    const test = await createTestDatabase();
    try {
      const environmentId = await makeEnvironment(test.dataSource);
      for (const rows of [...Array<number>(24).fill(5_000), 1]) {
        await test.dataSource.query(
          `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
           SELECT uuid_v7(now()), $1, gen_random_uuid(), gen_random_uuid(), 'record:created', now(), now()
           FROM generate_series(1, $2)`,
          [environmentId, rows],
        );
      }
      for (let n = 0; n < 3; n += 1) await touchReplica(test.dataSource, randomUUID(), null);
      const count = (limit: number) => countPending(test.dataSource, 'environment', environmentId, { limit });
      expect(await count(1_000_000)).toEqual({ waiting: 120_001, leased: 0 });
      expect(await countReplicas(test.dataSource)).toBe(3);
      expect((await count(70_000)).waiting).toBe(100_000);
      const elsewhere = await makeEnvironment(test.dataSource);
      expect(await countPending(test.dataSource, 'environment', elsewhere)).toEqual({ waiting: 0, leased: 0 });
    } finally {
      await test.close();
    }
  });
});

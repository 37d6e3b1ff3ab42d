import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { PIPELINE } from '../../src/database/data-sources.js';
import { monotonicMs } from '../../src/deliveries/engine/monotonic-time.js';
import { uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';
import { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, makeEnvironment, makeEvent, makeWebhook } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

interface DeliveryBody {
  id: string;
  status: string;
  attempt_count: number;
}

describe('the delivery engine', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, { RETRY_SCHEDULE: '1s,1s' });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    receiver.clear();
    receiver.respondWith(() => 200);
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'engine', allow_duplicate_name: true },
    });
    environmentId = body.id;
  });
  afterAll(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  const createWebhook = async (): Promise<string> => {
    const body = { target_url: receiver.url() };
    return (await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body })).body.id;
  };
  const deliveries = async (): Promise<DeliveryBody[]> =>
    (await replica.read<{ result: DeliveryBody[] }>('/delivery', environmentId)).result;
  const settled = (status: string) =>
    until(`a delivery that is ${status}`, async () => (await deliveries()).find((each) => each.status === status));

  it('gives leases whose ids sort by when they were given, though the clock is set back', () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    const listedAt = monotonicMs();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    const reservation = capacity.reserve(0);
    clock.mockRestore();
    reservation.release();
    expect(reservation.lease > uuidV7Floor(listedAt)).toBe(true);
  });

  it('sends what is due while events keep arriving', async () => {
    const elsewhere = await makeEnvironment(test.dataSource);
    const intake = replica.nest.get(EventIntake);
    let isPublishing = true;
    const publishers = Array.from({ length: 4 }, async () => {
      while (isPublishing) await intake.accept([makeEvent(elsewhere)]);
    });
    try {
      await delay(300);
      await createWebhook();
      await accept(test.dataSource, [makeEvent(environmentId)]);
      await settled('succeeded');
    } finally {
      isPublishing = false;
      await Promise.all(publishers);
    }
  });

  it('looks no more often than it polls when many webhooks have nothing but later retries', async () => {
    const webhookId = await makeWebhook(test.dataSource, environmentId);
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at)
       SELECT uuid_v7(now()), $1, $2, uuid_v7(now()), 'record:created', now(), now() + interval '1 hour'
       FROM generate_series(1, 1100)`,
      [environmentId, uuidV7()],
    );
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    try {
      await delay(1_500);
      const claims = query.mock.calls.filter(([sql]) => sql.includes('claim_deliveries')).length;
      // Three statements a round, four rounds a second.
      expect(claims).toBeGreaterThan(0);
      expect(claims).toBeLessThanOrEqual(24);
    } finally {
      query.mockRestore();
      await test.dataSource.query('DELETE FROM delivery_queue WHERE webhook_id <> $1', [webhookId]);
    }
  });

  it.each([
    ['an attempt that ends its delivery', 'delivery', [200]],
    ['one after which it waits', 'attempt', [500, 200]],
  ])('records what it sent on a day that has no partition: %s', async (_, table, statuses) => {
    const [{ name }] = await test.dataSource.query(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relname = $1 || '_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')`,
      [table],
    );
    const answers = [...statuses];
    receiver.respondWith(() => answers.shift()!);
    await createWebhook();
    await test.dataSource.query(`DROP TABLE ${name}`);
    await replica.call('POST', '/event', { environmentId, body: { event_type: 'record:created', payload: {} } });
    expect(await settled('succeeded')).toMatchObject({ attempt_count: statuses.length });
  });

  it('records a result without what was answered when the database refuses that', async () => {
    await test.dataSource.query(
      `ALTER TABLE delivery ADD CONSTRAINT refuses_teapots CHECK (response_body <> 'I am a teapot')`,
    );
    receiver.respondWith(() => ({ status: 200, body: 'I am a teapot' }));
    try {
      await createWebhook();
      await replica.call('POST', '/event', { environmentId, body: { event_type: 'record:created', payload: {} } });
      expect(await settled('succeeded')).toMatchObject({ attempt_count: 1 });
    } finally {
      await test.dataSource.query('ALTER TABLE delivery DROP CONSTRAINT refuses_teapots');
    }
  });

  it('settles a delivery even when its attempt cannot be logged at all', async () => {
    await test.dataSource.query(`ALTER TABLE delivery ADD CONSTRAINT refuses_all CHECK (number < 0) NOT VALID`);
    try {
      await createWebhook();
      await replica.call('POST', '/event', { environmentId, body: { event_type: 'record:created', payload: {} } });
      expect(await settled('succeeded')).toMatchObject({ attempt_count: 0 });
    } finally {
      await test.dataSource.query('ALTER TABLE delivery DROP CONSTRAINT refuses_all');
    }
  });

  it('makes a webhook inactive that answers 410, and cancels what waits for it', async () => {
    receiver.respondWith(() => 410);
    const id = await createWebhook();
    await replica.call('POST', '/event', { environmentId, body: { event_type: 'record:created', payload: {} } });
    expect(await settled('canceled')).toMatchObject({ attempt_count: 1, cancel_reason: 'webhook_inactive' });
    const { body } = await replica.call('GET', `/webhook/${id}`, { environmentId });
    expect(body['is_active']).toBe(false);
  });

  it('stops a webhook with more waiting than one statement cancels', async () => {
    const id = await createWebhook();
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at)
       SELECT uuid_v7(now()), $1, $2, $3, 'record:created', now(), now() + interval '1 hour'
       FROM generate_series(1, 12000)`,
      [environmentId, uuidV7(), id],
    );
    // A slow machine may answer 503, or before the last of them are canceled.
    let answer: unknown;
    await until(
      'the change',
      async () => {
        const change = { environmentId, body: { is_active: false } };
        const { status, body } = await replica.call('PATCH', `/webhook/${id}`, change);
        answer = { status, body };
        return status === 200;
      },
      undefined,
      () => `last answered ${JSON.stringify(answer)}`,
    );
    await until('nothing to wait', async () => {
      const [{ waiting }] = await test.dataSource.query(
        'SELECT count(*)::int AS waiting FROM delivery_queue WHERE webhook_id = $1',
        [id],
      );
      return waiting === 0;
    });
    const [{ canceled }] = await test.dataSource.query(
      `SELECT count(*)::int AS canceled FROM delivery WHERE webhook_id = $1 AND cancel_reason = 'webhook_inactive'`,
      [id],
    );
    expect(canceled).toBe(12_000);
  });

  it('refuses more tests at once than an environment may have under way, and limits no delivery by them', async () => {
    receiver.respondWith(() => ({ status: 200, delayMs: 500 }));
    const id = await createWebhook();
    const tests = await Promise.all(
      Array.from({ length: 11 }, () => replica.call('POST', '/webhook/test', { environmentId, body: { id } })),
    );
    expect(tests.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(tests.filter(({ status }) => status === 429)).toHaveLength(1);
  });
});

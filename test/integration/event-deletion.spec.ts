import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import type { LeasedDelivery, Settlement } from '../../src/deliveries/delivery.types.js';
import { findDelivery } from '../../src/deliveries/queue/delivery-reads.js';
import { holdPayload, requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { auditRows } from '../support/audit-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

/** Holds the leases of the tests; nobody takes it for dead. */
const REPLICA = uuidV7();

describe('DELETE /event/{id}', () => {
  let test: TestDatabase;
  let database: DataSource;
  let replica: TestReplica;
  let environmentId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    replica = await startReplica(test);
    await database.query(
      `INSERT INTO replica (id, started_at, seen_at) VALUES ($1, now(), now() + interval '1 hour')`,
      [REPLICA],
    );
  });
  beforeEach(async () => {
    environmentId = await makeEnvironment(database);
  });
  afterAll(async () => {
    await replica.close();
    await test.close();
  });

  const call = (method: 'GET' | 'POST' | 'DELETE', path: string, options: object = {}) =>
    replica.call<Record<string, unknown>>(method, path, { environmentId, ...options });
  const remove = (id: string) => call('DELETE', `/event/${id}`);
  const lease = async (): Promise<LeasedDelivery> =>
    (await accept(database, [makeEvent(environmentId)], { total: 1, replicaId: REPLICA })).leased[0]!;
  const settle = (delivery: LeasedDelivery, settlement: Settlement) =>
    settleDeliveries(database, [
      resultOf(delivery, settlement, attempted(settlement.kind === 'succeeded' ? 'succeeded' : 'failed')),
    ]);
  const statusOf = async ({ id }: LeasedDelivery) => {
    const delivery = await findDelivery(database, environmentId, id);
    return [delivery?.status, delivery?.cancel_reason];
  };

  it('removes the payload and keeps the fact', async () => {
    const event = makeEvent(environmentId);
    await accept(database, [event]);
    expect(await remove(event.id)).toMatchObject({ status: 200, body: { id: event.id } });
    const { status, body } = await call('GET', `/event/${event.id}`);
    expect([status, body['payload'], body['event_type']]).toEqual([200, null, event.eventType]);
    const list = await call('GET', '/event');
    expect(list.body['result']).toEqual([expect.objectContaining({ id: event.id })]);
  });

  it('leaves nothing of a large payload on the disk once VACUUM was there', async () => {
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const sizeOf = async (): Promise<number> => {
      const [row] = await database.query<[{ size: number }]>(
        `SELECT pg_relation_size(reltoastrelid)::int AS size FROM pg_class WHERE relname = $1`,
        [`event_${day}`],
      );
      return row.size;
    };
    const event = makeEvent(environmentId, { payload: JSON.stringify({ text: randomBytes(100_000).toString('hex') }) });
    await accept(database, [event]);
    expect(await sizeOf()).toBeGreaterThan(100_000);
    await remove(event.id);
    await until('the old version to be visible to nobody', async () => {
      await database.query(`VACUUM event_${day}`);
      return (await sizeOf()) === 0;
    });
  });

  it('cancels what waits, leaves what is finished, and lets an attempt end', async () => {
    for (let webhooks = 0; webhooks < 5; webhooks++) await makeWebhook(database, environmentId);
    const event = makeEvent(environmentId);
    const { leased } = await accept(database, [event], { total: 10, replicaId: REPLICA });
    const [finished, waiting, succeeding, failing, askedFor] = leased as [
      LeasedDelivery,
      LeasedDelivery,
      LeasedDelivery,
      LeasedDelivery,
      LeasedDelivery,
    ];
    await settle(finished, { kind: 'failed' });
    await settle(waiting, { kind: 'waiting', inMs: 3_600_000 });
    await requeueDelivery(database, environmentId, askedFor.id);
    await remove(event.id);

    expect(await statusOf(finished)).toEqual(['failed', null]);
    expect(await statusOf(waiting)).toEqual(['canceled', 'stopped']);
    expect(await statusOf(failing)).toEqual(['pending', null]);
    await settle(succeeding, { kind: 'succeeded' });
    await settle(failing, { kind: 'waiting', inMs: 0 });
    await settle(askedFor, { kind: 'failed' });
    expect(await statusOf(succeeding)).toEqual(['succeeded', null]);
    expect(await statusOf(failing)).toEqual(['canceled', 'stopped']);
    expect(await statusOf(askedFor)).toEqual(['failed', null]);
    const { body } = await call('GET', `/event/${event.id}`);
    expect(body['deliveries']).toEqual({ pending: 0, succeeded: 1, failed: 2, canceled: 2 });
  });

  it('lets none of its deliveries be sent again', async () => {
    await makeWebhook(database, environmentId);
    const delivery = await lease();
    await settle(delivery, { kind: 'failed' });
    await remove(delivery.event!.id);
    const retry = await call('POST', `/delivery/${delivery.id}/retry`);
    expect(retry).toMatchObject({ status: 409, body: { code: 'EVENT_EXPIRED' } });
    expect(await statusOf(delivery)).toEqual(['failed', null]);
  });

  it('is audited once, however often it is asked for', async () => {
    const event = makeEvent(environmentId);
    await accept(database, [event]);
    for (let times = 0; times < 2; times++) expect((await remove(event.id)).status).toBe(200);
    const entries = (await auditRows(database)).filter(({ resource_id }) => resource_id === event.id);
    expect(entries).toMatchObject([
      { environment_id: environmentId, actor: 'admin', action: 'deleted', resource_type: 'event' },
    ]);
  });

  it('leaves the idempotency key used', async () => {
    const options = { body: { event_type: 'record:created', payload: { n: 1 } }, headers: { 'idempotency-key': 'k' } };
    const first = await call('POST', '/event', options);
    await remove(first.body['id'] as string);
    expect((await call('POST', '/event', options)).body).toEqual(first.body);
    expect((await call('GET', '/event')).body['result']).toHaveLength(1);
  });

  it('does not touch the event of another environment, nor another event', async () => {
    const [other, foreign] = [makeEvent(environmentId), makeEvent(await makeEnvironment(database))];
    await accept(database, [other, foreign]);
    expect(await remove(foreign.id)).toMatchObject({ status: 404, body: { code: 'EVENT_NOT_FOUND' } });
    const kept = await database.query<unknown[]>('SELECT 1 FROM event WHERE id = ANY ($1) AND payload IS NOT NULL', [
      [other.id, foreign.id],
    ]);
    expect(kept).toHaveLength(2);
  });

  it('cancels what somebody was sending again meanwhile', async () => {
    await makeWebhook(database, environmentId);
    const delivery = await lease();
    await settle(delivery, { kind: 'failed' });
    let removed: ReturnType<typeof remove>;
    await database.transaction(async (manager) => {
      expect(await holdPayload(manager, environmentId, delivery.event!.id)).toBe(true);
      removed = remove(delivery.event!.id);
      if (test.engine === 'embedded') await delay(100);
      else await until('the deletion to wait', async () => isBlocked());
      await requeueDelivery(manager, environmentId, delivery.id);
    });
    expect((await removed!).status).toBe(200);
    // The replica may have claimed it in between; its attempt ends soon, for want of a secret.
    const ended = await until('the delivery to end', async () => {
      const status = await statusOf(delivery);
      return status[0] !== 'pending' && status;
    });
    expect(ended).toEqual(['canceled', 'stopped']);
  });

  async function isBlocked(): Promise<boolean> {
    const rows = await database.query<unknown[]>(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  }
});

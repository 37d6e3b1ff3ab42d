import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { KnownTargets } from '../../src/deliveries/engine/known-targets.js';
import { claimDeliveries } from '../../src/deliveries/queue/claim-deliveries.js';
import { recordOutcomes } from '../../src/deliveries/queue/record-health.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import type { LeasedDelivery } from '../../src/deliveries/delivery.types.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  accept,
  FULL_LIMIT,
  makeEnvironment,
  makeEvent,
  makeProbeDue,
  makeWebhook,
  recordHealth,
  resultOf,
  takeDown,
} from '../support/delivery-fixtures.js';

describe('the health of endpoints in the database', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;
  let webhookId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await database.query('TRUNCATE delivery_queue, webhook_health');
    environmentId = await makeEnvironment(database);
    webhookId = await makeWebhook(database, environmentId);
  });

  const record = (tally: Parameters<typeof recordHealth>[2]) => recordHealth(database, webhookId, tally);
  const owe = (count: number) =>
    accept(
      database,
      Array.from({ length: count }, () => makeEvent(environmentId)),
    );
  /** Claims as a replica with so many attempts in flight to the webhook. */
  const claim = async (inFlight = 0, from = database): Promise<LeasedDelivery[]> => {
    const claimed = await claimDeliveries(from, {
      replicaId: randomUUID(),
      lease: randomUUID(),
      leaseMs: 45_000,
      total: 100,
      perWebhook: 50,
      perEnvironment: 100,
      environmentRooms: new Map(),
      probeIntervalMs: 30_000,
      webhookRooms: new Map(inFlight > 0 ? [[webhookId, 50]] : []),
      knownTargets: new KnownTargets(),
      webhookCounts: new Map(inFlight > 0 ? [[webhookId, inFlight]] : []),
      after: null,
    });
    return claimed.deliveries;
  };
  const known = () =>
    database.query(
      'SELECT in_flight_limit, consecutive_failures, paused_until > now() AS is_paused FROM webhook_health',
    );

  it('goes down after failures enough over a minute, and tells it once', async () => {
    expect(await record({ failures: 500 })).toMatchObject({ before: 'healthy', after: 'healthy' });
    await database.query(`UPDATE webhook_health SET failing_since = now() - interval '59 seconds'`);
    expect(await record({ failures: 1 })).toMatchObject({ after: 'healthy' });
    await database.query(`UPDATE webhook_health SET failing_since = now() - interval '60 seconds'`);
    expect(await record({ failures: 1 })).toMatchObject({ before: 'healthy', after: 'down', consecutiveFailures: 502 });
    expect(await record({ failures: 1 })).toMatchObject({ before: 'down', after: 'down' });
  });

  it('is not down by a few failures over a long time', async () => {
    await record({ failures: 18 });
    await database.query(`UPDATE webhook_health SET failing_since = now() - interval '1 hour'`);
    expect(await record({ failures: 1 })).toMatchObject({ after: 'healthy', consecutiveFailures: 19 });
  });

  it('recovers with one attempt in flight and one more for each success, until it has as many as any', async () => {
    await owe(20);
    await takeDown(database, webhookId);
    expect(await claim()).toHaveLength(0);

    expect(await record({ successes: 1 })).toMatchObject({ before: 'down', after: 'recovering' });
    expect(await claim()).toHaveLength(1);
    expect(await claim(1)).toHaveLength(0);
    expect(await record({ successes: 1 })).toMatchObject({ before: 'recovering', after: 'recovering' });
    expect(await claim()).toHaveLength(2);

    expect(await record({ successes: FULL_LIMIT - 2 })).toMatchObject({ before: 'recovering', after: 'healthy' });
    expect(await known()).toEqual([]);
    expect(await claim()).toHaveLength(17);
  });

  it('is down again at the first failure while it recovers, and is soon probed', async () => {
    await owe(2);
    await takeDown(database, webhookId);
    await record({ successes: 2 });
    expect(await record({ failures: 1 })).toMatchObject({ before: 'recovering', after: 'down' });
    expect(await claim()).toHaveLength(0);
    const [{ wait }] = await database.query(
      'SELECT extract(epoch FROM next_probe_at - now())::float8 AS wait FROM webhook_health',
    );
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThan(1.1);
  });

  it('counts the successes of a batch before the failures that came after them', async () => {
    await takeDown(database, webhookId);
    expect(await record({ successes: 1, failures: 1 })).toMatchObject({ before: 'down', after: 'down' });
    expect(await known()).toMatchObject([{ in_flight_limit: 0, consecutive_failures: 1 }]);
  });

  it.each(['down', 'recovering', 'paused'])('leases no new delivery to an endpoint that is %s', async (state) => {
    if (state === 'paused') await record({ failures: 1, pauseMs: 60_000 });
    else await takeDown(database, webhookId);
    if (state === 'recovering') await record({ successes: 1 });
    const { leased, unleased } = await accept(database, [makeEvent(environmentId)], { total: 10 });
    expect([leased, unleased]).toEqual([[], [webhookId]]);
  });

  it('spends no attempt of what waits, and gives a first retry no precedence once it recovers', async () => {
    await owe(3);
    await takeDown(database, webhookId);
    await database.query('UPDATE delivery_queue SET failures = 1');
    await record({ successes: 1 });
    expect(await claim(1)).toHaveLength(0);
    expect(await claim()).toHaveLength(1);
  });

  it.each(['down', 'recovering'])('sends what somebody asked for also while it is %s', async (state) => {
    await owe(2);
    await takeDown(database, webhookId);
    if (state === 'recovering') await record({ successes: 1 });
    const [{ delivery_id: id }] = await database.query('SELECT delivery_id FROM delivery_queue LIMIT 1');
    await requeueDelivery(database, environmentId, id);
    expect((await claim(1)).map((delivery) => delivery.id)).toEqual([id]);
  });

  it('lets a pause outlive a success, and tells its beginning once', async () => {
    expect((await record({ failures: 3, pauseMs: 60_000 })).newlyPausedUntil).not.toBeNull();
    expect((await record({ failures: 1, pauseMs: 90_000 })).newlyPausedUntil).toBeNull();
    await record({ successes: 1 });
    expect(await known()).toEqual([{ in_flight_limit: null, consecutive_failures: 0, is_paused: true }]);
    await database.query(`UPDATE webhook_health SET paused_until = now() - interval '1 second'`);
    expect((await record({ failures: 1, pauseMs: 60_000 })).newlyPausedUntil).not.toBeNull();
  });

  it('forgets an endpoint that succeeds, and begins nothing for one that never failed', async () => {
    await record({ failures: 3 });
    await record({ successes: 1 });
    expect(await known()).toEqual([]);
    await record({ successes: 1 });
    expect(await known()).toEqual([]);
  });

  it('counts distinct days of failures, those of the last days only', async () => {
    await record({ failures: 1 });
    await database.query(
      `UPDATE webhook_health SET failing_since = now() - interval '6 days',
         failure_days = ARRAY[(now() AT TIME ZONE 'UTC')::date - 6, (now() AT TIME ZONE 'UTC')::date - 1]`,
    );
    expect(await record({ failures: 2 })).toMatchObject({ failureDays: 2 });
  });

  it('settles and records many webhooks from two sides at once without a deadlock', async () => {
    const webhooks = await Promise.all(Array.from({ length: 8 }, () => makeWebhook(database, environmentId)));
    await owe(5);
    const deliveries = await claim();
    const sides = [database, await test.connect()];
    const rounds = sides.map(async (side, index) => {
      const inOrder = <T>(items: T[]): T[] => (index === 0 ? items : items.toReversed());
      for (let round = 0; round < 40; round++) {
        const released = deliveries.map((delivery) => resultOf(delivery, { kind: 'waiting', inMs: null }, null));
        await settleDeliveries(side, inOrder(released));
        const successes = round % 2;
        const tallies = webhooks.map((id) => ({ webhookId: id, successes, failures: 1 - successes, pauseMs: null }));
        await recordOutcomes(side, inOrder(tallies), FULL_LIMIT);
      }
    });
    await Promise.all(rounds);
  });

  it('lets one of two replicas probe, and tells one of them each change', async () => {
    await owe(4);
    await takeDown(database, webhookId);
    await makeProbeDue(database, webhookId);
    const other = await test.connect();
    const probes = (await Promise.all([claim(0), claim(0, other), claim(0), claim(0, other)])).flat();
    expect(probes).toHaveLength(1);

    const tally = { webhookId, successes: 1, failures: 0, pauseMs: null };
    const told = await Promise.all([database, other].map((side) => recordOutcomes(side, [tally], FULL_LIMIT)));
    const changes = told.flat().filter(({ before, after }) => before !== after);
    expect(changes).toMatchObject([{ before: 'down', after: 'recovering' }]);
  });
});

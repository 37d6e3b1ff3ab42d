import type { DataSource } from 'typeorm';
import { relapseAfterMs } from '../../src/deliveries/engine/endpoint-health.js';
import { claimDeliveries } from '../../src/deliveries/queue/claim-deliveries.js';
import { recordOutcomes } from '../../src/deliveries/queue/record-health.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import type { LeasedDelivery } from '../../src/deliveries/delivery.types.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  accept,
  attempted,
  FULL_LIMIT,
  makeEnvironment,
  makeEvent,
  grantOf,
  makeProbeDue,
  makeWebhook,
  recordHealth,
  resultOf,
  takeDown,
  tallyOf,
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
    const grant = grantOf({
      perWebhook: 50,
      webhookRooms: new Map(inFlight > 0 ? [[webhookId, 50]] : []),
      webhookCounts: new Map(inFlight > 0 ? [[webhookId, inFlight]] : []),
    });
    const claimed = await claimDeliveries(from, grant, { probeIntervalMs: 30_000, after: null });
    return claimed.deliveries;
  };
  /** Of endpoints in trouble. */
  const known = () =>
    database.query(
      `SELECT in_flight_limit, consecutive_failures, paused_until > now() AS is_paused FROM webhook_health
       WHERE is_in_trouble`,
    );
  const setBack = (column: string, interval: string) =>
    database.query(`UPDATE webhook_health SET ${column} = now() - $1::interval`, [interval]);

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
    // What it gets more with each second is another test's matter, and a slow machine takes half a second for a statement.
    await setBack('changed_at', '-1 minute');
    expect(await claim()).toHaveLength(1);
    expect(await claim(1)).toHaveLength(0);
    expect(await record({ successes: 1 })).toMatchObject({ before: 'recovering', after: 'recovering' });
    await setBack('changed_at', '-1 minute');
    expect(await claim()).toHaveLength(2);

    expect(await record({ successes: FULL_LIMIT - 2 })).toMatchObject({ before: 'recovering', after: 'healthy' });
    expect(await known()).toEqual([]);
    expect(await claim()).toHaveLength(17);
  });

  it('is not down again by a few failures while it recovers, but by many in a row, and is soon probed', async () => {
    await owe(2);
    await takeDown(database, webhookId);
    await record({ successes: 2 });
    expect(await record({ failures: 19, relapseAfterMs: 0 })).toMatchObject({ after: 'recovering' });
    expect(await record({ failures: 1, relapseAfterMs: 0 })).toMatchObject({ before: 'recovering', after: 'down' });
    expect(await claim()).toHaveLength(0);
    const [{ wait }] = await database.query(
      'SELECT extract(epoch FROM next_probe_at - now())::float8 AS wait FROM webhook_health',
    );
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThan(1.1);
  });

  it.each([
    ['refusals', relapseAfterMs(422, 20), '59 seconds', '61 seconds'],
    ['slow failures', relapseAfterMs(null, 15_000), '29 seconds', '31 seconds'],
  ])('is down again by %s alone only when none was taken for long enough', async (_, afterMs, before, after) => {
    await takeDown(database, webhookId);
    await record({ successes: 2 });
    await record({ failures: 500, relapseAfterMs: afterMs });
    await setBack('failing_since', before);
    expect(await record({ failures: 1, relapseAfterMs: afterMs })).toMatchObject({ after: 'recovering' });
    await setBack('failing_since', after);
    expect(await record({ failures: 1, relapseAfterMs: afterMs })).toMatchObject({ after: 'down' });
  });

  it('gets one more in each second while it recovers, for what was never tried', async () => {
    await owe(20);
    await takeDown(database, webhookId);
    await database.query('UPDATE delivery_queue SET attempt_count = 1, failures = 2');
    await owe(3);
    await record({ successes: 1 });
    await setBack('changed_at', '5 seconds');
    // 1 and 5 more: two of them are in flight, three were never tried, and of the others none has a place.
    expect(await claim(2)).toHaveLength(3);
    expect(await claim(1)).toHaveLength(0);
    expect(await claim(0)).toHaveLength(1);
  });

  it('tries what was never tried first, while it recovers and when it is probed', async () => {
    await owe(5);
    await takeDown(database, webhookId);
    await database.query('UPDATE delivery_queue SET attempt_count = 3, failures = 3');
    await owe(2);
    const isUntried = ({ attemptCount }: LeasedDelivery) => attemptCount === 0;
    await makeProbeDue(database, webhookId);
    const probes = await claim();
    expect(probes).toHaveLength(1);
    expect(probes[0]).toMatchObject({ attemptCount: 0, isProbe: true });
    await record({ successes: 2 });
    expect((await claim()).filter(isUntried)).toHaveLength(1);
  });

  it('goes on with what was never tried at once when a probe is refused, and with nothing else', async () => {
    await owe(3);
    await takeDown(database, webhookId);
    await database.query(
      `UPDATE delivery_queue SET attempt_count = 3, failures = 3
       WHERE delivery_id = (SELECT delivery_id FROM delivery_queue ORDER BY delivery_id LIMIT 1)`,
    );
    await makeProbeDue(database, webhookId);
    expect(await claim()).toHaveLength(1);
    expect(await claim()).toHaveLength(0);
    await record({ failures: 1, isRefused: true });
    expect(await claim(1)).toHaveLength(0);
    expect(await claim()).toMatchObject([{ attemptCount: 0, isProbe: true }]);
    await record({ failures: 1, isRefused: true });
    expect(await claim()).toHaveLength(0);
  });

  it('spends nothing of the schedule of what was a probe', async () => {
    await owe(1);
    await takeDown(database, webhookId);
    await makeProbeDue(database, webhookId);
    const [probe] = await claim();
    await settleDeliveries(database, [resultOf(probe!, { kind: 'waiting', inMs: 30_000 }, attempted('failed'))]);
    expect(await database.query('SELECT attempt_count, failures FROM delivery_queue')).toEqual([
      { attempt_count: 1, failures: 0 },
    ]);
  });

  it('is probed at once after a test was taken', async () => {
    await owe(1);
    await takeDown(database, webhookId);
    expect(await claim()).toHaveLength(0);
    expect(await record({ hastensProbe: true })).toMatchObject({ before: 'down', after: 'down' });
    expect(await claim()).toHaveLength(1);
  });

  it('counts the successes of a batch before the failures that came after them', async () => {
    await takeDown(database, webhookId);
    expect(await record({ successes: 1, failures: 1 })).toMatchObject({ before: 'down', after: 'recovering' });
    expect(await known()).toMatchObject([{ in_flight_limit: 1, consecutive_failures: 1 }]);
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

  it('ends a pause by what was taken in spite of it, and tells that once', async () => {
    await record({ failures: 1, pauseMs: 60_000 });
    expect(await record({ endsPause: true })).toMatchObject({ hasPauseEnded: true });
    expect(await known()).toMatchObject([{ is_paused: null, consecutive_failures: 1 }]);
    expect(await record({ successes: 1, endsPause: true })).toMatchObject({ hasPauseEnded: false });
    expect(await known()).toEqual([]);
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
        const tallies = webhooks.map((id) => tallyOf(id, { successes, failures: 1 - successes }));
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

    const tally = tallyOf(webhookId, { successes: 1 });
    const told = await Promise.all([database, other].map((side) => recordOutcomes(side, [tally], FULL_LIMIT)));
    const changes = told.flat().filter(({ before, after }) => before !== after);
    expect(changes).toMatchObject([{ before: 'down', after: 'recovering' }]);
  });
});

import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { deliveryIdsOf } from '../../src/deliveries/delivery-ids.js';
import type { AttemptRecord, LeasedDelivery, Settlement } from '../../src/deliveries/delivery.types.js';
import { claimDeliveries, type Claim, type ClaimScan } from '../../src/deliveries/queue/claim-deliveries.js';
import type { LeaseGrant } from '../../src/deliveries/queue/lease-grant.js';
import { findDelivery, listAttempts } from '../../src/deliveries/queue/delivery-reads.js';
import { signOff, touchReplica } from '../../src/deliveries/queue/replicas.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { LOST_LEASES_LIMIT, rescueDeliveries } from '../../src/deliveries/queue/rescue-deliveries.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { stopDeliveries } from '../../src/deliveries/queue/stop-deliveries.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  accept,
  attempted,
  makeEnvironment,
  grantOf,
  makeEvent,
  makeProbeDue,
  makeWebhook,
  recordHealth,
  resultOf,
  takeDown,
} from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

type ClaimOptions = Partial<LeaseGrant & ClaimScan>;

describe('the delivery queue', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;
  const alive = randomUUID();

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await database.query('TRUNCATE delivery_queue, webhook_health, replica');
    environmentId = await makeEnvironment(database);
  });

  const claim = ({ probeIntervalMs = 30_000, after = null, ...grant }: ClaimOptions = {}): Promise<Claim> =>
    claimDeliveries(database, grantOf(grant), { probeIntervalMs, after });
  const statusOf = async (id: string) => (await findDelivery(database, environmentId, id))!;
  const stopWebhook = async (webhookId: string, reason: 'webhook_inactive' | 'webhook_deleted') => {
    await database.query('UPDATE webhook SET is_active = false WHERE id = $1', [webhookId]);
    return stopDeliveries(database, [webhookId], reason);
  };
  const rescue = async (isExclusive: boolean, ownLeases: string[] = [], ownLeasesAt = Date.now()) =>
    (await rescueDeliveries(database, { replicaId: alive, isExclusive, ownLeases, ownLeasesAt })).freed;
  /** What is due now is stored in whole milliseconds, so it can be due a fraction of one later. */
  const claimOne = (options: ClaimOptions = {}): Promise<LeasedDelivery> =>
    until('a delivery to be due', async () => (await claim(options)).deliveries[0]);
  const freeLeases = () =>
    database.query('UPDATE delivery_queue SET lease = NULL, leased_by = NULL, leased_until = NULL');
  const attemptsOf = (id: string) => listAttempts(database, environmentId, id);
  const numbersOf = async (id: string) => (await attemptsOf(id)).map(({ number }) => number);
  /** A delivery has one row, in the queue or in the log. */
  const placesOf = async (id: string): Promise<string[]> => {
    const rows = await database.query<{ place: string }[]>(
      `SELECT 'queue' AS place FROM delivery_queue WHERE delivery_id = $1
       UNION ALL SELECT 'log' FROM delivery WHERE id = $1`,
      [id],
    );
    return rows.map(({ place }) => place);
  };

  describe('accepting', () => {
    it('fans an event out to each matching active webhook of its environment', async () => {
      const all = await makeWebhook(database, environmentId);
      const matching = await makeWebhook(database, environmentId, { eventTypes: ['record:created', 'record:deleted'] });
      await makeWebhook(database, environmentId, { eventTypes: ['record:deleted'] });
      await makeWebhook(database, environmentId, { isActive: false });
      await makeWebhook(database, await makeEnvironment(database));
      const event = makeEvent(environmentId);

      const { leased, unleased } = await accept(database, [event], { total: 10 });

      expect(leased.map(({ target }) => target.webhookId).sort()).toEqual([all, matching].sort());
      expect(unleased).toEqual([]);
      expect(leased[0]).toMatchObject({
        event: { id: event.id, type: 'record:created', payload: '{"n":9007199254740993}', createdAt: event.createdAt },
        target: { environmentId, targetUrl: 'https://example.com/webhook', revision: 1 },
        failures: 0,
      });
      expect(leased[0]!.target.secrets).toHaveLength(1);
    });

    it('gives all deliveries of an event ids by which they are found and sort as the events do', async () => {
      for (let n = 0; n < 3; n++) await makeWebhook(database, environmentId);
      const events = [makeEvent(environmentId), makeEvent(environmentId)];
      await accept(database, events);
      const rows = await database.query<{ id: string; event_id: string }[]>(
        'SELECT delivery_id AS id, event_id FROM delivery_queue ORDER BY delivery_id',
      );
      expect(rows.map(({ event_id }) => event_id)).toEqual(events.flatMap(({ id }) => [id, id, id]));
      for (const { id, event_id } of rows) {
        const [first, last] = deliveryIdsOf(event_id);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(id >= first && id <= last).toBe(true);
      }
    });

    it('hands over each delivery that it leased, with its own event and webhook', async () => {
      await makeWebhook(database, environmentId, { eventTypes: ['record:updated'] });
      for (let n = 0; n < 2; n++) await makeWebhook(database, environmentId);
      const events = ['record:created', 'record:updated', 'record:deleted'].map((eventType, n) =>
        makeEvent(environmentId, { eventType, payload: `{"n":${n}}` }),
      );
      const { leased } = await accept(database, events.toReversed(), { total: 100 });
      expect(leased).toHaveLength(7);
      const rows = await database.query(
        'SELECT delivery_id, event_id, event_type, created_at, webhook_id, lease FROM delivery_queue ORDER BY delivery_id',
      );
      const handedOver = leased.map(({ id, event, target, lease }) => ({
        delivery_id: id,
        event_id: event!.id,
        event_type: event!.type,
        created_at: event!.createdAt,
        webhook_id: target.webhookId,
        lease,
      }));
      expect(handedOver.toSorted((a, b) => (a.delivery_id < b.delivery_id ? -1 : 1))).toEqual(rows);
      for (const { event } of leased) {
        expect(event!.payload).toBe(events.find(({ id }) => id === event!.id)!.payload);
      }
    });

    it('leases no more than the room, and no more to a webhook than its own', async () => {
      const webhook = await makeWebhook(database, environmentId);
      const busy = await makeWebhook(database, environmentId);
      const events = Array.from({ length: 5 }, () => makeEvent(environmentId));

      const { leased, unleased } = await accept(database, events, { total: 5, webhookRooms: new Map([[busy, 1]]) });

      const perWebhook = (id: string) => leased.filter(({ target }) => target.webhookId === id).length;
      expect(leased).toHaveLength(3);
      expect(perWebhook(busy)).toBe(1);
      expect(perWebhook(webhook)).toBe(2);
      expect(unleased.sort()).toEqual([webhook, busy].sort());
    });

    it('leaves as much free as it leases to each of several webhooks', async () => {
      const webhooks = await Promise.all(Array.from({ length: 3 }, () => makeWebhook(database, environmentId)));
      const events = Array.from({ length: 20 }, () => makeEvent(environmentId));

      const { leased } = await accept(database, events, { total: 20 });

      const counts = webhooks.map((id) => leased.filter(({ target }) => target.webhookId === id).length);
      expect(counts).toEqual([5, 5, 5]);
    });

    it('leases nothing to an endpoint that is down', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await takeDown(database, webhookId);
      const { leased, unleased } = await accept(database, [makeEvent(environmentId)], { total: 10 });
      expect([leased.length, unleased]).toEqual([0, [webhookId]]);
    });

    it('takes one of two events with one idempotency key, in one statement or in two', async () => {
      const idempotency = { key: 'order-1', contentHash: Buffer.alloc(32, 1) };
      const events = [makeEvent(environmentId, { idempotency }), makeEvent(environmentId, { idempotency })];
      const first = await accept(database, events);
      const second = await accept(database, [makeEvent(environmentId, { idempotency })]);
      expect([first.refused.size, second.refused.size]).toEqual([1, 1]);
      const [{ count }] = await database.query('SELECT count(*)::int FROM event WHERE environment_id = $1', [
        environmentId,
      ]);
      expect(count).toBe(1);
    });
  });

  describe('claiming', () => {
    it.each([
      [10, 10],
      [45, 40],
      [0, 0],
    ])('takes of an environment with room for %d no more, however many webhooks it has', async (room, taken) => {
      const greedy = environmentId;
      for (let n = 0; n < 20; n++) await makeWebhook(database, greedy);
      const other = await makeEnvironment(database);
      const webhookId = await makeWebhook(database, other);
      const events = [greedy, greedy, greedy, other].map((id) => makeEvent(id));
      await accept(database, events);

      const { deliveries, heldBack } = await claim({ environmentRooms: new Map([[greedy, room]]) });

      const counts = [greedy, other].map((id) => deliveries.filter(({ target }) => target.environmentId === id).length);
      expect(counts).toEqual([taken, 1]);
      expect(heldBack.length).toBe(Math.max(0, 20 - room));
      expect(heldBack).not.toContain(webhookId);
    });

    it('takes what is due and unleased, once', async () => {
      await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId), makeEvent(environmentId)]);
      await database.query(
        `UPDATE delivery_queue SET due_at = now() + interval '1 hour' WHERE delivery_id = (SELECT delivery_id FROM delivery_queue LIMIT 1)`,
      );
      const first = await claim();
      expect(first.deliveries).toHaveLength(1);
      expect(first.deliveries[0]!.event!.payload).toBe('{"n":9007199254740993}');
      expect((await claim()).deliveries).toHaveLength(0);
    });

    it('shares the room among the waiting webhooks and goes round them', async () => {
      const webhooks = await Promise.all(Array.from({ length: 6 }, () => makeWebhook(database, environmentId)));
      await accept(
        database,
        Array.from({ length: 20 }, () => makeEvent(environmentId)),
      );
      const seen: string[] = [];
      let after: string | null = null;
      for (let round = 0; round < 3; round++) {
        const claimed: Claim = await claim({ total: 2, after });
        expect(claimed.deliveries).toHaveLength(2);
        seen.push(...claimed.deliveries.map(({ target }) => target.webhookId));
        after = claimed.after;
      }
      expect(seen.sort()).toEqual(webhooks.sort());
    });

    it('leaves a webhook alone that has no room', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId), makeEvent(environmentId)]);
      expect(
        await claim({ webhookRooms: new Map([[webhookId, 0]]), webhookCounts: new Map([[webhookId, 1]]) }),
      ).toMatchObject({ deliveries: [], heldBack: [webhookId], mayFindMore: false });
      const claimed = await claim({
        webhookRooms: new Map([[webhookId, 1]]),
        webhookCounts: new Map([[webhookId, 1]]),
      });
      expect(claimed).toMatchObject({ deliveries: [{}], heldBack: [webhookId], mayFindMore: false });
    });

    it('may find more of a webhook that has not taken all its room', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId), makeEvent(environmentId)]);
      const webhookRooms = new Map([[webhookId, 3]]);
      const claimed = await claim({ webhookRooms, webhookCounts: new Map([[webhookId, 1]]) });
      expect(claimed).toMatchObject({ deliveries: [{}, {}], heldBack: [], mayFindMore: true });
      expect(await claim({ webhookRooms })).toMatchObject({ deliveries: [], heldBack: [], mayFindMore: false });
    });

    it('hands deliveries of a webhook that stopped over to be canceled', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      await database.query('UPDATE webhook SET is_active = false WHERE id = $1', [webhookId]);
      const { deliveries, canceled } = await claim();
      expect(deliveries).toHaveLength(0);
      await settleDeliveries(
        database,
        canceled.map(({ delivery, reason }) => resultOf(delivery, { kind: 'canceled', reason }, null)),
      );
      expect(await statusOf(canceled[0]!.delivery.id)).toMatchObject({
        status: 'canceled',
        cancel_reason: 'webhook_inactive',
        attempt_count: 0,
      });
    });

    it('sends one probe at a time to an endpoint that is down, and first retries at their time', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(
        database,
        Array.from({ length: 5 }, () => makeEvent(environmentId)),
      );
      await takeDown(database, webhookId);
      await makeProbeDue(database, webhookId);
      expect((await claim()).deliveries).toHaveLength(1);
      expect((await claim()).deliveries).toHaveLength(0);
      await database.query(
        `UPDATE delivery_queue SET failures = 1 WHERE delivery_id = (SELECT delivery_id FROM delivery_queue WHERE lease IS NULL LIMIT 1)`,
      );
      const retried = (await claim()).deliveries;
      expect(retried.map(({ failures }) => failures)).toEqual([1]);
    });

    it.each(['down', 'paused'])('lets what somebody asked for through to an endpoint that is %s', async (state) => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId), makeEvent(environmentId)]);
      if (state === 'down') await takeDown(database, webhookId);
      else await recordHealth(database, webhookId, { failures: 1, pauseMs: 60_000 });
      expect((await claim()).deliveries).toHaveLength(0);
      const [{ delivery_id: id }] = await database.query('SELECT delivery_id FROM delivery_queue LIMIT 1');
      await requeueDelivery(database, environmentId, id);
      expect((await claim()).deliveries.map((delivery) => delivery.id)).toEqual([id]);
      expect((await claim()).deliveries).toHaveLength(0);
    });

    it('sends the probe also when more is due elsewhere than there is room for', async () => {
      await makeWebhook(database, environmentId);
      await makeWebhook(database, environmentId);
      const down = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId), makeEvent(environmentId)]);
      await takeDown(database, down);
      await makeProbeDue(database, down);
      const claimed = await claim({ total: 2 });
      expect(claimed.deliveries.map(({ target }) => target.webhookId)).toContain(down);
      expect(claimed.deliveries).toHaveLength(2);
    });

    it('leaves a paused webhook alone until its pause ends', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      await recordHealth(database, webhookId, { failures: 1, pauseMs: 60_000 });
      expect((await claim()).deliveries).toHaveLength(0);
      await database.query(`UPDATE webhook_health SET paused_until = now() - interval '1 second'`);
      expect((await claim()).deliveries).toHaveLength(1);
    });
  });

  describe('settling', () => {
    beforeEach(async () => {
      await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
    });

    it('finishes a delivery and logs its attempt', async () => {
      const delivery = await claimOne();
      const { settled } = await settleDeliveries(database, [
        resultOf(delivery, { kind: 'succeeded' }, attempted('succeeded')),
      ]);
      expect([...settled]).toEqual([[delivery.id, { status: 'succeeded', cancelReason: null }]]);
      expect(await statusOf(delivery.id)).toMatchObject({
        status: 'succeeded',
        attempt_count: 1,
        next_attempt_at: null,
      });
      expect(await listAttempts(database, environmentId, delivery.id)).toMatchObject([
        { number: 1, outcome: 'succeeded', error: null, response_status: 200, response_body: 'ok' },
      ]);
      expect(await database.query('SELECT 1 FROM delivery_queue')).toHaveLength(0);
    });

    it('makes a failed delivery wait, and counts', async () => {
      const delivery = await claimOne();
      await settleDeliveries(database, [resultOf(delivery, { kind: 'waiting', inMs: 5_000 }, attempted('failed'))]);
      const waiting = await statusOf(delivery.id);
      expect(waiting).toMatchObject({ status: 'pending', attempt_count: 1 });
      expect(waiting.next_attempt_at!.getTime()).toBeGreaterThan(Date.now() + 3_000);
      await database.query('UPDATE delivery_queue SET due_at = now()');
      expect((await claimOne()).failures).toBe(1);
    });

    it('changes nothing for a lease that was lost, but logs the attempt under a number of its own', async () => {
      const stale = await claimOne();
      await freeLeases();
      const current = await claimOne();
      const late = resultOf(stale, { kind: 'failed' }, attempted('failed'));
      expect((await settleDeliveries(database, [late])).settled.size).toBe(0);
      expect((await statusOf(stale.id)).status).toBe('pending');
      await settleDeliveries(database, [resultOf(current, { kind: 'succeeded' }, attempted('succeeded'))]);
      expect(await statusOf(stale.id)).toMatchObject({ status: 'succeeded', attempt_count: 2 });
      const second = resultOf({ ...stale, lease: uuidV7() }, { kind: 'failed' }, attempted('failed'));
      await settleDeliveries(database, [second]);
      expect(await statusOf(stale.id)).toMatchObject({ status: 'succeeded', attempt_count: 3 });
      expect((await listAttempts(database, environmentId, stale.id)).map(({ number }) => number)).toEqual([1, 2, 3]);
    });

    it.each<['succeeded' | 'failed', string, Settlement]>([
      ['succeeded', 'succeeded', { kind: 'succeeded' }],
      ['failed', 'failed', { kind: 'failed' }],
      ['failed', 'pending', { kind: 'waiting', inMs: 60_000 }],
    ])(
      'records a result once when its answer got lost and it is sent again: %s, then %s',
      async (outcome, status, settlement) => {
        const delivery = await claimOne();
        const result = resultOf(delivery, settlement, attempted(outcome));
        await settleDeliveries(database, [result]);
        const recorded = [await statusOf(delivery.id), await attemptsOf(delivery.id)];
        expect(recorded).toMatchObject([{ status, attempt_count: 1 }, [{ number: 1, outcome }]]);
        expect((await settleDeliveries(database, [result])).settled.size).toBe(0);
        expect([await statusOf(delivery.id), await attemptsOf(delivery.id)]).toEqual(recorded);
      },
    );

    it('keeps where the time of each attempt went, also when the delivery is sent again', async () => {
      const settle = async (settlement: Settlement, timings: AttemptRecord['timings']): Promise<string> => {
        const delivery = await claimOne();
        const outcome = settlement.kind === 'succeeded' ? 'succeeded' : 'failed';
        await settleDeliveries(database, [resultOf(delivery, settlement, attempted(outcome, { timings }))]);
        return delivery.id;
      };
      const timed = (...ms: (number | null)[]): AttemptRecord['timings'] => {
        const [dnsMs = null, connectMs = null, tlsMs = null, firstByteMs = null, staleConnectionMs = null] = ms;
        return { dnsMs, connectMs, tlsMs, firstByteMs, staleConnectionMs };
      };
      await settle({ kind: 'waiting', inMs: 0 }, timed(1, 2, 3, 4, 8));
      const id = await settle({ kind: 'succeeded' }, timed(null, null, null, 5, null));
      await requeueDelivery(database, environmentId, id);
      await settle({ kind: 'failed' }, timed(6, 7, null, null, 9));
      const timings = (await attemptsOf(id)).map((row) => [
        row.dns_ms,
        row.connect_ms,
        row.tls_ms,
        row.first_byte_ms,
        row.stale_connection_ms,
      ]);
      expect(timings).toEqual([
        [1, 2, 3, 4, 8],
        [null, null, null, 5, null],
        [6, 7, null, null, 9],
      ]);
    });

    describe.each<['succeeded' | 'failed', Settlement]>([
      ['succeeded', { kind: 'succeeded' }],
      ['failed', { kind: 'waiting', inMs: 1 }],
    ])('an attempt that %s and whose lease was lost', (outcome, settlement) => {
      const LATE_MS = 77;
      const TIMINGS = { dnsMs: 1, connectMs: null, tlsMs: 3, firstByteMs: 4, staleConnectionMs: 5 };
      const recordTwice = async (stale: LeasedDelivery): Promise<void> => {
        const late = resultOf(stale, settlement, attempted(outcome, { durationMs: LATE_MS, timings: TIMINGS }));
        for (let time = 0; time < 2; time++) {
          expect((await settleDeliveries(database, [late])).settled.size).toBe(0);
        }
      };
      const durationsOf = async (id: string) => (await attemptsOf(id)).map(({ duration_ms }) => duration_ms);

      it.each(['waits', 'is leased to another'])('is logged once when the delivery %s', async (state) => {
        const stale = await claimOne();
        await freeLeases();
        const leased = state === 'waits' ? null : await claimOne();
        const before = await statusOf(stale.id);

        await recordTwice(stale);

        expect(await statusOf(stale.id)).toEqual({ ...before, attempt_count: 1 });
        expect(await durationsOf(stale.id)).toEqual([LATE_MS]);
        const stored = { dns_ms: 1, connect_ms: null, tls_ms: 3, first_byte_ms: 4, stale_connection_ms: 5 };
        expect((await attemptsOf(stale.id))[0]).toMatchObject(stored);
        const current = leased ?? (await claimOne());
        await settleDeliveries(database, [resultOf(current, { kind: 'succeeded' }, attempted('succeeded'))]);
        expect(await statusOf(stale.id)).toMatchObject({ status: 'succeeded', attempt_count: 2 });
        expect(await durationsOf(stale.id)).toEqual([LATE_MS, 12]);
        expect(await numbersOf(stale.id)).toEqual([1, 2]);
      });

      it.each(['has succeeded', 'was canceled without an attempt', 'was sent again'])(
        'is logged once when the delivery %s meanwhile',
        async (state) => {
          const stale = await claimOne();
          await freeLeases();
          if (state === 'was canceled without an attempt') {
            await stopWebhook(stale.target.webhookId, 'webhook_inactive');
          } else {
            await settleDeliveries(database, [
              resultOf(await claimOne(), { kind: 'succeeded' }, attempted('succeeded')),
            ]);
            if (state === 'was sent again') await requeueDelivery(database, environmentId, stale.id);
          }
          const [before, durations] = [await statusOf(stale.id), await durationsOf(stale.id)];

          await recordTwice(stale);

          expect(await statusOf(stale.id)).toEqual({ ...before, attempt_count: durations.length + 1 });
          expect(await durationsOf(stale.id)).toEqual([...durations, LATE_MS]);
          expect(await numbersOf(stale.id)).toEqual([1, 2].slice(0, durations.length + 1));
        },
      );
    });

    it('keeps what somebody asked for when a delivery is given back', async () => {
      const { id } = await claimOne();
      await freeLeases();
      await requeueDelivery(database, environmentId, id);
      const forced = await claimOne();
      await settleDeliveries(database, [resultOf(forced, { kind: 'waiting', inMs: null }, null)]);
      expect((await claimOne()).isForced).toBe(true);
    });

    it('gives a delivery back as it was when its attempt never started', async () => {
      const delivery = await claimOne();
      await settleDeliveries(database, [resultOf(delivery, { kind: 'waiting', inMs: null }, null)]);
      expect((await claimOne()).id).toBe(delivery.id);
      expect((await statusOf(delivery.id)).attempt_count).toBe(0);
    });

    it.each([
      ['ends as canceled when it fails', 'failed', 'canceled', 'webhook_inactive'],
      ['ends as succeeded when it succeeds', 'succeeded', 'succeeded', null],
    ] as const)('an attempt under way when its webhook stops %s', async (_, outcome, status, reason) => {
      const delivery = await claimOne();
      await stopWebhook(delivery.target.webhookId, 'webhook_inactive');
      expect((await statusOf(delivery.id)).status).toBe('pending');
      const settlement =
        outcome === 'succeeded' ? ({ kind: 'succeeded' } as const) : ({ kind: 'waiting', inMs: 1 } as const);
      await settleDeliveries(database, [resultOf(delivery, settlement, attempted(outcome))]);
      expect(await statusOf(delivery.id)).toMatchObject({ status, cancel_reason: reason, attempt_count: 1 });
    });

    it('tells of which webhooks a health is known', async () => {
      const delivery = await claimOne();
      const { webhookId } = delivery.target;
      const result = resultOf(delivery, { kind: 'succeeded' }, attempted('succeeded'));
      expect((await settleDeliveries(database, [result])).inTrouble).toEqual(new Set());
      await recordHealth(database, webhookId, { failures: 3 });
      expect((await settleDeliveries(database, [result])).inTrouble).toEqual(new Set([webhookId]));
    });
  });

  describe('stopping', () => {
    it('cancels what waits, with its reason', async () => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      const [{ delivery_id: id }] = await database.query('SELECT delivery_id FROM delivery_queue');
      await stopWebhook(webhookId, 'webhook_deleted');
      expect(await statusOf(id)).toMatchObject({ status: 'canceled', cancel_reason: 'webhook_deleted' });
      expect(await database.query('SELECT 1 FROM delivery_queue')).toHaveLength(0);
    });
  });

  describe('stopping during an attempt', () => {
    it.each([
      ['its schedule has steps left', { kind: 'waiting', inMs: 60_000 }, 'canceled'],
      ['its schedule is spent', { kind: 'failed' }, 'failed'],
    ] as const)('ends what somebody asked for with the attempt, when %s', async (_, settlement, status) => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      const delivery = await claimOne();
      await requeueDelivery(database, environmentId, delivery.id);
      await stopWebhook(webhookId, 'webhook_inactive');
      await settleDeliveries(database, [resultOf(delivery, settlement, attempted('failed'))]);
      expect((await statusOf(delivery.id)).status).toBe(status);
    });
  });

  describe('sending again', () => {
    it('brings a waiting delivery forward and leaves its count', async () => {
      await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      const delivery = await claimOne();
      await settleDeliveries(database, [resultOf(delivery, { kind: 'waiting', inMs: 60_000 }, attempted('failed'))]);
      await requeueDelivery(database, environmentId, delivery.id);
      expect(await claimOne()).toMatchObject({ id: delivery.id, failures: 1 });
    });

    it.each([
      ['its schedule has steps left', { kind: 'waiting', inMs: 60_000 }],
      ['its schedule is spent', { kind: 'failed' }],
    ] as const)('follows an attempt that was under way and failed at once, when %s', async (_, settlement) => {
      const webhookId = await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      const delivery = await claimOne();
      await stopWebhook(webhookId, 'webhook_inactive');
      await database.query('UPDATE webhook SET is_active = true WHERE id = $1', [webhookId]);
      await requeueDelivery(database, environmentId, delivery.id);
      await settleDeliveries(database, [resultOf(delivery, settlement, attempted('failed'))]);
      expect(await claimOne()).toMatchObject({ id: delivery.id, failures: 0 });
    });

    it('reopens a finished delivery with the schedule anew and attempt numbers that go on', async () => {
      await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      const delivery = await claimOne();
      await settleDeliveries(database, [resultOf(delivery, { kind: 'failed' }, attempted('failed'))]);
      await requeueDelivery(database, environmentId, delivery.id);
      expect(await statusOf(delivery.id)).toMatchObject({ status: 'pending', completed_at: null, attempt_count: 1 });
      const again = await claimOne();
      expect(again.failures).toBe(0);
      await settleDeliveries(database, [resultOf(again, { kind: 'succeeded' }, attempted('succeeded'))]);
      expect((await listAttempts(database, environmentId, delivery.id)).map(({ number }) => number)).toEqual([1, 2]);
    });

    describe('a finished delivery', () => {
      let id: string;
      /** Claims the delivery and records an attempt that came to this. */
      const attempt = async (outcome: 'succeeded' | 'failed', settlement: Settlement): Promise<LeasedDelivery> => {
        const delivery = await claimOne();
        await settleDeliveries(database, [resultOf(delivery, settlement, attempted(outcome))]);
        return delivery;
      };
      beforeEach(async () => {
        await makeWebhook(database, environmentId);
        await accept(database, [makeEvent(environmentId)]);
        [{ delivery_id: id }] = await database.query('SELECT delivery_id FROM delivery_queue');
      });

      it('leaves the log for the queue and takes nothing with it: its attempts are told as before', async () => {
        await attempt('failed', { kind: 'waiting', inMs: 0 });
        await attempt('failed', { kind: 'failed' });
        const [finished, attempts] = [await statusOf(id), await attemptsOf(id)];
        expect(await placesOf(id)).toEqual(['log']);
        expect(attempts.map(({ number }) => number)).toEqual([1, 2]);

        await requeueDelivery(database, environmentId, id);

        expect(await placesOf(id)).toEqual(['queue']);
        expect(await attemptsOf(id)).toEqual(attempts);
        const reopened = { status: 'pending', completed_at: null, held_by: 'capacity' };
        expect(await statusOf(id)).toEqual({ ...finished, ...reopened });
      });

      it('goes on with the next number, and so when it ends again and again', async () => {
        for (const number of [1, 2, 3]) {
          await attempt('succeeded', { kind: 'succeeded' });
          expect(await placesOf(id)).toEqual(['log']);
          expect(await statusOf(id)).toMatchObject({ status: 'succeeded', attempt_count: number });
          expect(await numbersOf(id)).toEqual([1, 2, 3].slice(0, number));
          await requeueDelivery(database, environmentId, id);
        }
        expect(await numbersOf(id)).toEqual([1, 2, 3]);
      });

      it('goes on after the number of a late attempt', async () => {
        const delivery = await attempt('succeeded', { kind: 'succeeded' });
        const late = resultOf({ ...delivery, lease: uuidV7() }, { kind: 'failed' }, attempted('failed'));
        await settleDeliveries(database, [late]);
        await requeueDelivery(database, environmentId, id);
        expect(await numbersOf(id)).toEqual([1, 2]);
        await attempt('succeeded', { kind: 'succeeded' });
        expect(await attemptsOf(id)).toMatchObject([
          { number: 1, outcome: 'succeeded' },
          { number: 2, outcome: 'failed' },
          { number: 3, outcome: 'succeeded' },
        ]);
      });

      it('has no attempt to keep when it ended without one', async () => {
        const { target } = await claimOne();
        await freeLeases();
        await stopWebhook(target.webhookId, 'webhook_inactive');
        await database.query('UPDATE webhook SET is_active = true WHERE id = $1', [target.webhookId]);
        await requeueDelivery(database, environmentId, id);
        expect(await statusOf(id)).toMatchObject({ status: 'pending', cancel_reason: null, attempt_count: 0 });
        expect(await attemptsOf(id)).toEqual([]);
        await attempt('succeeded', { kind: 'succeeded' });
        expect(await numbersOf(id)).toEqual([1]);
      });

      it('keeps the attempt that says that its process was lost', async () => {
        await claimOne();
        await database.query(`UPDATE delivery_queue SET lost_leases = ${LOST_LEASES_LIMIT - 1}`);
        await rescue(true);
        await requeueDelivery(database, environmentId, id);
        expect(await placesOf(id)).toEqual(['queue']);
        expect(await attemptsOf(id)).toMatchObject([{ number: 1, error: 'worker_lost', response_status: null }]);
        await attempt('succeeded', { kind: 'succeeded' });
        expect(await numbersOf(id)).toEqual([1, 2]);
      });

      it('is not sent again for another environment', async () => {
        await attempt('succeeded', { kind: 'succeeded' });
        await requeueDelivery(database, await makeEnvironment(database), id);
        expect(await placesOf(id)).toEqual(['log']);
      });
    });
  });

  describe('rescuing', () => {
    const dead = randomUUID();
    beforeEach(async () => {
      await makeWebhook(database, environmentId);
      await accept(database, [makeEvent(environmentId)]);
      await touchReplica(database, alive, null);
    });

    it('frees what a dead replica held', async () => {
      const { deliveries } = await claim({ replicaId: dead });
      expect(await rescue(false)).toBe(1);
      expect((await claimOne()).id).toBe(deliveries[0]!.id);
    });

    it('leaves a living replica its leases, until their time is over', async () => {
      const other = randomUUID();
      await touchReplica(database, other, null);
      await claim({ replicaId: other });
      expect(await rescue(false)).toBe(0);
      await database.query(`UPDATE delivery_queue SET leased_until = now() - interval '1 second'`);
      expect(await rescue(false)).toBe(1);
    });

    it('counts every other lease as lost when no other process can be there', async () => {
      const other = randomUUID();
      await touchReplica(database, other, null);
      await claim({ replicaId: other });
      expect(await rescue(true)).toBe(1);
    });

    it('frees leases of its own that it does not know of, and no others', async () => {
      const lease = uuidV7(Date.now() - 1_000);
      await claim({ replicaId: alive, lease });
      expect(await rescue(false, [lease])).toBe(0);
      expect(await rescue(false)).toBe(1);
    });

    it('leaves alone what it leased after it had listed its leases', async () => {
      const listedAt = Date.now() - 1_000;
      await claim({ replicaId: alive, lease: uuidV7() });
      expect(await rescue(false, [], listedAt)).toBe(0);
    });

    it.each([
      ['its replica died', () => rescue(false)],
      ['its replica stopped', () => signOff(database, dead)],
    ])('leaves a delivery asked for when %s before the attempt', async (_, free) => {
      const { id } = await claimOne();
      await freeLeases();
      await requeueDelivery(database, environmentId, id);
      expect((await claimOne({ replicaId: dead })).isForced).toBe(true);
      await free();
      expect((await claimOne()).isForced).toBe(true);
      await freeLeases();
      expect((await claimOne()).isForced).toBe(false);
    });

    it('does not send a test again', async () => {
      const { deliveries } = await claim({ replicaId: dead });
      await database.query('UPDATE delivery_queue SET is_test = true');
      await rescue(false);
      expect(await statusOf(deliveries[0]!.id)).toMatchObject({ status: 'failed', attempt_count: 1 });
    });

    it('does not count the leases of a replica that signed off', async () => {
      const { deliveries } = await claim({ replicaId: alive });
      await signOff(database, alive);
      expect(await database.query('SELECT lost_leases FROM delivery_queue')).toEqual([{ lost_leases: 0 }]);
      expect((await claimOne()).id).toBe(deliveries[0]!.id);
    });

    it('ends a delivery whose lease was lost five times in a row, with an attempt that says so', async () => {
      let id = '';
      for (let lost = 0; lost < LOST_LEASES_LIMIT; lost++) {
        ({ id } = await claimOne({ replicaId: dead }));
        expect(await rescue(false)).toBe(1);
      }
      expect(await statusOf(id)).toMatchObject({ status: 'failed', attempt_count: 1 });
      expect(await listAttempts(database, environmentId, id)).toMatchObject([
        { number: 1, error: 'worker_lost', response_status: null },
      ]);
    });
  });
});

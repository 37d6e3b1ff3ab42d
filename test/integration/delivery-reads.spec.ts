import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { type ListPart, SCAN_LIMIT } from '../../src/reads/page.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { deliveryIdFor } from '../../src/deliveries/delivery-ids.js';
import {
  type AttemptError,
  type AttemptRecord,
  DELIVERY_STATUSES,
  type LeasedDelivery,
  type Settlement,
} from '../../src/deliveries/delivery.types.js';
import type { DeliveryRow } from '../../src/deliveries/queue/delivery-reads.js';
import { type DeliveryFilter, listDeliveries, type StatusRange } from '../../src/deliveries/queue/list-deliveries.js';
import { cancelDeliveriesOf } from '../../src/deliveries/queue/deliveries-of-event.js';
import { insertTestDelivery } from '../../src/deliveries/queue/insert-test-delivery.js';
import { requeueDelivery } from '../../src/deliveries/queue/requeue-delivery.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import type { IncomingEvent } from '../../src/deliveries/intake/accept-events.js';
import { type EventRow, findEvent, listEvents } from '../../src/events/event-reads.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';

const TYPES = ['record:created', 'record:updated', 'record:deleted'] as const;
const EVENTS = 36;
/** So that they began yesterday, in another partition, unless the day is nearly over. */
const EVENT_EVERY_MS = 30 * 60_000;
const PAGE = 7;
const TESTS = 9;
/** To attempts that fail. */
const ANSWERS = [500, 'timeout', 503, 'reset', 404] as const;

type Filter = Partial<DeliveryFilter>;

interface Tenant {
  environmentId: string;
  webhooks: string[];
  /** Oldest first. The two in the middle have the same first characters, as events of two replicas can have. */
  events: IncomingEvent[];
  /** Deliveries that were left with their lease. */
  leased: LeasedDelivery[];
  /** What became of those that had a lease, by their id; the others wait for their first attempt. */
  expected: Map<string, DeliveryRow['status']>;
  /** Of those that were attempted, the status of the latest answer or why there was none. */
  answers: Map<string, number | string>;
}

describe('the list of deliveries', () => {
  let test: TestDatabase;
  let database: DataSource;
  let tenant: Tenant;
  let all: DeliveryRow[];
  let tests: DeliveryRow[];

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    tenant = await makeTenant(database);
    await makeTenant(database);
    all = await list({ limit: 1_000 });
    tests = await list({ limit: 1_000, isTest: true });
  });
  afterAll(() => test.close());

  const pageOf = (filter: Filter, of: Tenant = tenant, scanLimit?: number): Promise<ListPart<DeliveryRow>> =>
    listDeliveries(
      database,
      {
        environmentId: of.environmentId,
        webhookId: null,
        eventId: null,
        eventType: null,
        statuses: null,
        responseStatus: null,
        error: null,
        isTest: false,
        createdAfter: null,
        createdBefore: null,
        ids: null,
        before: null,
        limit: PAGE,
        ...filter,
      },
      scanLimit,
    );
  const list = async (filter: Filter, of?: Tenant): Promise<DeliveryRow[]> => (await pageOf(filter, of)).rows;
  /** All pages, one after the other. */
  const listAll = async (
    filter: Filter,
    { between, of, scanLimit }: { between?: () => Promise<void>; of?: Tenant; scanLimit?: number } = {},
  ): Promise<DeliveryRow[]> => {
    const found: DeliveryRow[] = [];
    let before: string | null = null;
    for (;;) {
      const page: ListPart<DeliveryRow> = await pageOf({ ...filter, before }, of, scanLimit);
      expect(page.rows.length).toBeLessThanOrEqual(PAGE);
      if (scanLimit === undefined && page.next) expect(page.rows).toHaveLength(PAGE);
      found.push(...page.rows);
      if (page.next === null) return found;
      before = page.next;
      await between?.();
    }
  };
  /** What the filter leaves of all. */
  const filtered = (filter: Filter): DeliveryRow[] =>
    (filter.isTest ? tests : all).filter(
      (row) =>
        (!filter.webhookId || row.webhook_id === filter.webhookId) &&
        (!filter.eventId || row.event_id === filter.eventId) &&
        (!filter.eventType || row.event_type === filter.eventType) &&
        (!filter.statuses || filter.statuses.includes(row.status)) &&
        (!filter.ids || filter.ids.includes(row.id)) &&
        (!filter.responseStatus || isIn(filter.responseStatus, tenant.answers.get(row.id))) &&
        (!filter.error || tenant.answers.get(row.id) === filter.error) &&
        (!filter.createdAfter || row.created_at > filter.createdAfter) &&
        (!filter.createdBefore || row.created_at < filter.createdBefore),
    );
  const atOf = (event: number): Date => tenant.events[event]!.createdAt;

  const FILTERS: Record<string, () => Filter[]> = {
    webhook: () => tenant.webhooks.map((webhookId) => ({ webhookId })),
    event: () => [0, 5, EVENTS / 2 - 1, EVENTS / 2, EVENTS - 1].map((n) => ({ eventId: tenant.events[n]!.id })),
    type: () => TYPES.map((eventType) => ({ eventType })),
    status: () =>
      [
        ...DELIVERY_STATUSES.map((status) => [status]),
        ['failed', 'canceled'] as const,
        ['succeeded', 'failed'] as const,
        ['pending', 'canceled'] as const,
        DELIVERY_STATUSES,
      ].map((statuses) => ({ statuses })),
    'response status': () => [500, 503, 200, 404].map((status) => ({ responseStatus: { from: status, to: status } })),
    'class of response statuses': () =>
      [200, 400, 500].map((status) => ({ responseStatus: { from: status, to: status + 99 } })),
    error: () => ['timeout', 'reset', 'dns_error'].map((error) => ({ error })),
    ids: () => [
      { ids: all.filter((_, index) => index % 3 === 0).map(({ id }) => id) },
      { ids: [all[0]!.id, all.at(-1)!.id, tenant.events[0]!.id] },
      { ids: [uuidV7()] },
      { ids: [] },
    ],
    test: () => [{ isTest: true }],
    'created range': () => [
      { createdAfter: atOf(9) },
      { createdBefore: atOf(9) },
      { createdAfter: atOf(4), createdBefore: atOf(EVENTS - 5) },
      { createdAfter: new Date(atOf(7).getTime() - 1), createdBefore: new Date(atOf(8).getTime() + 1) },
      { createdAfter: atOf(EVENTS - 1) },
    ],
  };

  it('has each of the environment once, newest first, with what became of it', () => {
    const { events, webhooks, expected, leased } = tenant;
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    // One webhook wants the first type only.
    const pairs = events.flatMap(({ id, eventType }) =>
      webhooks.filter((_, index) => index < 2 || eventType === TYPES[0]).map((webhookId) => `${id} ${webhookId}`),
    );
    expect(all.map(({ event_id, webhook_id }) => `${event_id} ${webhook_id}`).sort()).toEqual(pairs.sort());
    expect(all.map(({ id, status }) => [id, status])).toEqual(ids.map((id) => [id, expected.get(id) ?? 'pending']));
    expect(all.filter(({ status, completed_at: at }) => (status === 'pending') !== (at === null))).toEqual([]);
    expect(all.filter(({ status, held_by: hold }) => status !== 'pending' && hold !== null)).toEqual([]);
    expect(all.filter(({ status, next_attempt_at: at }) => status !== 'pending' && at !== null)).toEqual([]);
    for (const status of DELIVERY_STATUSES) expect(filtered({ statuses: [status] }).length).toBeGreaterThan(PAGE);
    expect(leased.length).toBeGreaterThan(PAGE);
  });

  it('is paged without gap or repeat through what is leased, what waits and what is finished', async () => {
    expect(await listAll({})).toEqual(all);
  });

  it.each(Object.keys(FILTERS))('is paged without gap or repeat with a filter by %s', async (name) => {
    for (const filter of FILTERS[name]!()) expect(await listAll(filter)).toEqual(filtered(filter));
  });

  it.each([1, 2, PAGE + 1, 3 * PAGE])(
    'is paged without gap or repeat with %i rows looked at at once',
    async (scanLimit) => {
      const filters: Filter[] = [
        {},
        ...Object.values(FILTERS).flatMap((made) => made()),
        ...FILTERS['status']!().map(rare),
      ];
      for (const filter of filters) expect(await listAll(filter, { scanLimit })).toEqual(filtered(filter));
    },
  );

  it('has a short page with a cursor where a look ends before the page is full', async () => {
    const { rows, next } = await pageOf({ statuses: ['succeeded'], eventType: TYPES[0] }, tenant, 2 * PAGE);
    expect(rows.length).toBeLessThan(PAGE);
    expect(next).not.toBeNull();
  });

  it('has tests where it is asked for them, and nowhere else', () => {
    expect(tests.map(({ event_type }) => event_type)).toEqual(Array.from({ length: TESTS }, () => 'test'));
    expect(new Set(tests.map(({ status }) => status))).toEqual(new Set(['pending', 'succeeded', 'failed']));
    expect(all.filter(({ event_type }) => event_type === 'test')).toEqual([]);
  });

  it.each([200, 299, 400, 500])('has with the status %i those of the latest attempt alone, in any state', (status) => {
    const found = filtered({ responseStatus: { from: status, to: status } });
    const states = { 200: ['succeeded'], 299: [], 400: [], 500: ['canceled', 'failed', 'pending'] }[status];
    expect([...new Set(found.map((row) => row.status))].sort()).toEqual(states);
  });

  it("has nothing of another environment's webhook, and no cursor to look further", async () => {
    const foreign = await pageOf({ webhookId: (await makeTenant(database)).webhooks[0]! }, tenant, 1);
    expect(foreign).toMatchObject({ rows: [], next: null });
  });

  it('has with any filters together what they leave of all', async () => {
    let found = 0;
    const { webhook, event, type, status, 'created range': created, ...others } = FILTERS;
    const each = Object.values(others).map((made) => made()[0]!);
    // All in every way would take minutes: those that are about an attempt, and the like, are taken one at a time.
    const combinations = combined([webhook!(), event!(), type!(), status!(), created!()]).flatMap((filter) =>
      [{}, ...each].map((other) => ({ ...filter, ...other })),
    );
    for (const filter of combinations) {
      const wanted = filtered(filter);
      expect(await list({ ...filter, limit: 1_000 })).toEqual(wanted);
      found += Number(wanted.length > 0);
    }
    expect(found).toBeGreaterThan(150);
  });

  it('has no more than the limit, the newest, wherever they are', async () => {
    for (const limit of [1, 2, 20]) expect(await list({ limit })).toEqual(all.slice(0, limit));
  });

  it('has those of an event apart from those of another whose ids begin the same', async () => {
    const [one, other] = [tenant.events[EVENTS / 2 - 1]!, tenant.events[EVENTS / 2]!];
    expect(one.id.slice(0, 19)).toBe(other.id.slice(0, 19));
    for (const { id } of [one, other]) {
      const rows = await list({ eventId: id });
      expect(rows.length).toBeGreaterThan(1);
      expect(new Set(rows.map(({ event_id }) => event_id))).toEqual(new Set([id]));
    }
  });

  it('agrees with what an event tells of its deliveries', async () => {
    for (const { id } of tenant.events) {
      const event = await findEvent(database, tenant.environmentId, id);
      const counts = DELIVERY_STATUSES.map((status) => [status, filtered({ eventId: id, statuses: [status] }).length]);
      expect(event!.deliveries).toEqual(Object.fromEntries(counts));
    }
  });

  it('is paged without gap or repeat while deliveries are finished and sent again', async () => {
    const moving = await makeTenant(database);
    const before = await list({ limit: 1_000 }, moving);
    const finished = before.filter(({ status }) => status !== 'pending');
    // From the newest and from the oldest: some are on the pages before, others on those that come.
    const leased = moving.leased.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const found = await listAll(
      {},
      {
        of: moving,
        between: async () => {
          for (const delivery of [leased.pop(), leased.shift()]) {
            if (!delivery) continue;
            await settleDeliveries(database, [resultOf(delivery, { kind: 'succeeded' }, attempted('succeeded'))]);
          }
          for (const row of [finished.pop(), finished.shift()]) {
            if (row) await requeueDelivery(database, moving.environmentId, row.id);
          }
        },
      },
    );
    expect(found.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const after = await list({ limit: 1_000 }, moving);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const moved = after.filter(({ status }, index) => (status === 'pending') !== (before[index]!.status === 'pending'));
    expect(moved.length).toBeGreaterThan(4 * PAGE);
  });
});

describe('the list of events', () => {
  let test: TestDatabase;
  let tenant: Tenant;

  beforeAll(async () => {
    test = await createTestDatabase();
    tenant = await makeTenant(test.dataSource);
    await makeTenant(test.dataSource);
  });
  afterAll(() => test.close());

  it.each([1, 2, PAGE + 1, SCAN_LIMIT])(
    'is paged without gap or repeat with %i looked at at once',
    async (scanLimit) => {
      for (const eventType of [null, ...TYPES, 'record:never']) {
        const found: string[] = [];
        let before: string | null = null;
        do {
          const filter = {
            eventType,
            isTest: false,
            createdAfter: null,
            createdBefore: null,
            ids: null,
            before,
            limit: PAGE,
          };
          const page: ListPart<EventRow> = await listEvents(
            test.dataSource,
            { environmentId: tenant.environmentId, ...filter },
            scanLimit,
          );
          expect(page.rows.length).toBeLessThanOrEqual(PAGE);
          found.push(...page.rows.map(({ id }) => id));
          before = page.next;
        } while (before !== null);
        const wanted = tenant.events.filter((event) => eventType === null || event.eventType === eventType);
        expect(found).toEqual(
          wanted
            .map(({ id }) => id)
            .sort()
            .reverse(),
        );
      }
    },
  );
});

/** An environment with deliveries in every state, alternately. */
async function makeTenant(database: DataSource): Promise<Tenant> {
  const environmentId = await makeEnvironment(database);
  const webhooks = [
    await makeWebhook(database, environmentId),
    await makeWebhook(database, environmentId),
    await makeWebhook(database, environmentId, { eventTypes: [TYPES[0]] }),
  ];
  const events = makeEvents(environmentId);
  const { leased } = await accept(
    database,
    events.filter((_, index) => index % 4 > 0),
    { total: 1_000, perWebhook: 1_000 },
  );
  await accept(
    database,
    events.filter((_, index) => index % 4 === 0),
  );

  const expected: Tenant['expected'] = new Map();
  const answers: Tenant['answers'] = new Map();
  const left: LeasedDelivery[] = [];
  const settlements: { status: DeliveryRow['status']; settlement: Settlement; isAttempted: boolean }[] = [
    { status: 'succeeded', settlement: { kind: 'succeeded' }, isAttempted: true },
    { status: 'failed', settlement: { kind: 'failed' }, isAttempted: true },
    { status: 'pending', settlement: { kind: 'waiting', inMs: 3_600_000 }, isAttempted: true },
    { status: 'canceled', settlement: { kind: 'canceled', reason: 'stopped' }, isAttempted: false },
  ];
  const placeOf = ({ event, target }: LeasedDelivery): string => `${event!.id} ${target.webhookId}`;
  const inOrder = leased.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  for (const [index, delivery] of inOrder.entries()) {
    const made = settlements[index % (settlements.length + 1)];
    if (!made) {
      left.push(delivery);
      continue;
    }
    const { status, settlement, isAttempted } = made;
    const answer = status === 'succeeded' ? 200 : ANSWERS[Math.floor(index / settlements.length) % ANSWERS.length]!;
    await settleDeliveries(database, [resultOf(delivery, settlement, isAttempted ? answered(answer) : null)]);
    expected.set(delivery.id, status);
    if (isAttempted) answers.set(delivery.id, answer);
  }
  // Of an event that was attempted some wait, and are canceled with their attempts apart.
  for (const { id } of events.slice(8, 16)) {
    const sql = 'SELECT delivery_id AS id FROM delivery_queue WHERE event_id = $1 AND lease IS NULL';
    for (const waiting of await database.query<{ id: string }[]>(sql, [id])) expected.set(waiting.id, 'canceled');
    await cancelDeliveriesOf(database, environmentId, id);
  }
  for (let n = 0; n < TESTS; n++) {
    const delivery = await makeTest(database, environmentId, webhooks[n % 2]!);
    const answer = n % 3 === 0 ? 200 : 500;
    if (n % 3 === 2) continue;
    const settlement: Settlement = { kind: answer === 200 ? 'succeeded' : 'failed' };
    await settleDeliveries(database, [resultOf(delivery, settlement, answered(answer))]);
    answers.set(delivery.id, answer);
  }
  return { environmentId, webhooks, events, leased: left, expected, answers };
}

async function makeTest(database: DataSource, environmentId: string, webhookId: string): Promise<LeasedDelivery> {
  const event = { id: uuidV7(), type: 'record:created', payload: '{}', createdAt: new Date() } as const;
  const lease = { lease: randomUUID(), replicaId: randomUUID(), leaseMs: 60_000 };
  const test = { id: deliveryIdFor(event.id), environmentId, webhookId, event, ...lease };
  return (await insertTestDelivery(database, test))!;
}

/** An attempt that was answered with this status, or not answered for this reason. */
function answered(answer: number | string): AttemptRecord {
  const attempt = attempted(answer === 200 ? 'succeeded' : 'failed');
  if (typeof answer === 'string') return { ...attempt, response: null, error: answer as AttemptError };
  return { ...attempt, response: { ...attempt.response!, status: answer } };
}

function isIn({ from, to }: StatusRange, answer: number | string | undefined): boolean {
  return typeof answer === 'number' && answer >= from && answer <= to;
}

function makeEvents(environmentId: string): IncomingEvent[] {
  const now = Date.now();
  const events = Array.from({ length: EVENTS }, (_, index) => {
    // Each two that follow are of one instant.
    const at = now - (EVENTS - 2 * Math.floor(index / 2)) * EVENT_EVERY_MS;
    const eventType = TYPES[index % TYPES.length]!;
    return makeEvent(environmentId, { id: uuidV7(at), createdAt: new Date(at), eventType });
  });
  const [one, other] = [events[EVENTS / 2 - 1]!, events[EVENTS / 2]!];
  Object.assign(other, { id: one.id.slice(0, 19) + other.id.slice(19), createdAt: one.createdAt });
  return events;
}

/** Of one type alone. */
function rare(filter: Filter): Filter {
  return { ...filter, eventType: TYPES[0] };
}

/** One of each kind together, in every way: the first, the third or none. */
function combined(kinds: Filter[][]): Filter[] {
  return kinds.reduce<Filter[]>(
    (made, filters) => made.flatMap((each) => [{}, filters[0], filters[2]].map((filter) => ({ ...each, ...filter }))),
    [{}],
  );
}

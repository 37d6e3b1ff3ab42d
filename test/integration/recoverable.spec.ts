import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { RecoverableStatus } from '../../src/recovery/recoverable-status.js';
import { uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';
import type { CancelReason, Settlement } from '../../src/deliveries/delivery.types.js';
import { countRecoverable } from '../../src/recovery/count-recoverable.js';
import { listAttempts } from '../../src/deliveries/queue/delivery-reads.js';
import { recoverDeliveries } from '../../src/recovery/recover-deliveries.js';
import type { RecoverableFilter } from '../../src/recovery/recoverable.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import type { IncomingEvent } from '../../src/deliveries/intake/accept-events.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';

/** The range of most tests, in Unix milliseconds: the ten seconds that ended a second ago. */
const END = Date.now() - 1_000;
const START = END - 10_000;

const ENDINGS: Record<'succeeded' | 'failed' | 'canceled', Settlement> = {
  succeeded: { kind: 'succeeded' },
  failed: { kind: 'failed' },
  canceled: { kind: 'canceled', reason: 'stopped' satisfies CancelReason },
};

describe('what a recovery brings back', () => {
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
    environmentId = await makeEnvironment(database);
    webhookId = await makeWebhook(database, environmentId, { isActive: false });
  });

  const setActive = (isActive: boolean) =>
    database.query('UPDATE webhook SET is_active = $2 WHERE id = $1', [webhookId, isActive]);
  const eventAt = (atMs: number, overrides: Partial<IncomingEvent> = {}): IncomingEvent =>
    makeEvent(environmentId, { id: uuidV7(atMs), createdAt: new Date(atMs), ...overrides });
  /** Accepted while the webhook was inactive. */
  const missed = async (count = 1, atMs = START, overrides: Partial<IncomingEvent> = {}): Promise<string[]> => {
    const events = Array.from({ length: count }, (_, n) => eventAt(atMs + n, overrides));
    await accept(database, events);
    return events.map(({ id }) => id);
  };
  /** Accepted while it was active. */
  const owed = async (events: IncomingEvent[], leased = 0) => {
    await setActive(true);
    return accept(database, events, { total: leased });
  };
  const finished = async (ending: keyof typeof ENDINGS, atMs = START): Promise<string> => {
    const { leased } = await owed([eventAt(atMs)], 1);
    await setActive(false);
    const [delivery] = leased;
    const outcome = ending === 'succeeded' ? 'succeeded' : 'failed';
    await settleDeliveries(database, [resultOf(delivery!, ENDINGS[ending], attempted(outcome))]);
    return delivery!.id;
  };

  const filterOf = (overrides: Partial<RecoverableFilter> = {}): RecoverableFilter => ({
    environmentId,
    webhookId,
    eventTypes: null,
    statuses: ['missed', 'failed', 'canceled'],
    endedBefore: new Date(Date.now() + 60_000),
    ...overrides,
  });
  const range = { from: uuidV7Floor(START), to: uuidV7Floor(END) };

  const count = async (overrides: Partial<RecoverableFilter> = {}, scanned?: number): Promise<number> => {
    let total = 0;
    for (let { from } = range; from !== range.to;) {
      const { found, countedTo } = await countRecoverable(
        database,
        filterOf(overrides),
        { from, to: range.to },
        scanned,
      );
      expect(countedTo > from).toBe(true);
      total += found;
      from = countedTo;
    }
    return total;
  };
  const recover = async (overrides: Partial<RecoverableFilter> = {}, limit = 100, scanned?: number) => {
    let total = 0;
    let steps = 0;
    for (let { from } = range; from !== range.to; steps++) {
      const part = await recoverDeliveries(database, filterOf(overrides), { from, to: range.to }, limit, scanned);
      expect(part.queuedTo > from).toBe(true);
      expect(part.queued).toBeLessThanOrEqual(limit);
      total += part.queued;
      from = part.queuedTo;
    }
    return { total, steps };
  };
  const queued = (): Promise<{ delivery_id: string; event_id: string; [column: string]: unknown }[]> =>
    database.query('SELECT * FROM delivery_queue WHERE webhook_id = $1 ORDER BY delivery_id', [webhookId]);
  const eventsQueued = async (): Promise<string[]> => (await queued()).map(({ event_id: id }) => id);

  it('is an event of which there is no delivery to the webhook, and becomes one that is due', async () => {
    const [eventId] = await missed();
    expect(await recover()).toMatchObject({ total: 1 });
    expect(await queued()).toEqual([
      expect.objectContaining({
        event_id: eventId,
        environment_id: environmentId,
        event_type: 'record:created',
        created_at: new Date(START),
        attempt_count: 0,
        failures: 0,
        is_test: false,
        is_forced: false,
        lease: null,
      }),
    ]);
    const [{ is_due: isDue }] = await database.query<[{ is_due: boolean }]>(
      'SELECT due_at <= now() AS is_due FROM delivery_queue WHERE webhook_id = $1',
      [webhookId],
    );
    expect(isDue).toBe(true);
  });

  it('is not an event whose payload is gone, and no delivery of one', async () => {
    const [eventId] = await missed();
    const failed = await finished('failed', START + 1);
    const [kept] = await missed(1, START + 2);
    expect(await count()).toBe(3);
    await database.query(
      `UPDATE event SET payload = NULL
       WHERE id = $1 OR id IN (SELECT event_id FROM delivery WHERE environment_id = $2 AND id = $3)`,
      [eventId, environmentId, failed],
    );
    expect(await count()).toBe(1);
    await recover();
    expect(await eventsQueued()).toEqual([kept]);
  });

  it('is not an event that is owed to the webhook already: waiting, leased or finished', async () => {
    await owed([eventAt(START), eventAt(START + 1)]);
    await owed([eventAt(START + 2)], 1);
    await setActive(false);
    await finished('succeeded', START + 3);
    const [eventId] = await missed(1, START + 4);
    await recover();
    expect(await queued()).toHaveLength(4);
    expect(await eventsQueued()).toContain(eventId);
  });

  it('is an event that only others were owed', async () => {
    await makeWebhook(database, environmentId);
    const [eventId] = await missed();
    await recover();
    expect(await eventsQueued()).toEqual([eventId]);
  });

  it('is no test event and none of another environment', async () => {
    const id = uuidV7(START);
    await database.query(
      `INSERT INTO event (id, environment_id, event_type, is_test, payload, created_at)
       VALUES ($1, $2, 'record:created', true, '{}', now())`,
      [id, environmentId],
    );
    const foreign = await makeEnvironment(database);
    await accept(database, [makeEvent(foreign, { id: uuidV7(START) })]);
    expect(await count()).toBe(0);
    expect(await recover()).toMatchObject({ total: 0 });
    await database.query('UPDATE event SET is_test = false WHERE id = $1', [id]);
    expect(await count()).toBe(1);
  });

  it('is in the range from its first millisecond to the one before its end', async () => {
    await missed(1, START - 1);
    const [first] = await missed(1, START);
    const [last] = await missed(1, END - 1);
    await missed(1, END);
    expect(await count()).toBe(2);
    await recover();
    expect(await eventsQueued()).toEqual([first, last]);
  });

  it('is of the types asked for, events and deliveries alike', async () => {
    await missed(1, START, { eventType: 'record:deleted' });
    const [eventId] = await missed(1, START + 1, { eventType: 'record:updated' });
    await finished('failed', START + 2);
    expect(await count()).toBe(3);
    const filter = { eventTypes: ['record:updated'] };
    expect(await count(filter)).toBe(1);
    await recover(filter);
    expect(await eventsQueued()).toEqual([eventId]);
  });

  it.each(['missed', 'failed', 'canceled', 'succeeded'] as const)(
    'is what is %s, when that is asked for',
    async (status) => {
      const ids: Record<RecoverableStatus, string> = {
        missed: (await missed())[0]!,
        failed: await finished('failed', START + 1),
        canceled: await finished('canceled', START + 2),
        succeeded: await finished('succeeded', START + 3),
      };
      expect(await count({ statuses: [status] })).toBe(1);
      expect(await recover({ statuses: [status] })).toMatchObject({ total: 1 });
      const [row] = await queued();
      expect(status === 'missed' ? row!.event_id : row!.delivery_id).toBe(ids[status]);
      expect(await queued()).toHaveLength(1);
    },
  );

  it('is a finished delivery with its schedule anew and its attempts kept', async () => {
    const id = await finished('failed');
    await recover();
    const [row] = await queued();
    expect(row).toMatchObject({ delivery_id: id, attempt_count: 1, failures: 0, is_forced: false, lease: null });
    const attempts = await listAttempts(database, environmentId, id);
    expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([[1, 'failed']]);
    expect(await database.query('SELECT 1 FROM delivery WHERE id = $1', [id])).toEqual([]);
  });

  it('is no test delivery', async () => {
    const id = await finished('failed');
    await database.query(`UPDATE delivery SET event_type = 'test' WHERE id = $1`, [id]);
    expect(await count({ statuses: ['failed'] })).toBe(0);
    expect(await recover({ statuses: ['failed'] })).toMatchObject({ total: 0 });
  });

  it('is no delivery that ended once it had begun', async () => {
    const id = await finished('failed');
    const [{ completed_at: endedBefore }] = await database.query<[{ completed_at: Date }]>(
      'SELECT completed_at FROM delivery WHERE id = $1',
      [id],
    );
    expect(await count({ endedBefore })).toBe(0);
    expect(await recover({ endedBefore })).toMatchObject({ total: 0 });
    expect(await count({ endedBefore: new Date(endedBefore.getTime() + 1) })).toBe(1);
  });

  it.each([1, 2, 7, 100])('is the same, and nothing twice, in steps of %i', async (step) => {
    const events = [...(await missed(20)), ...(await missed(5, END - 100))];
    const failed = [await finished('failed', START + 3), await finished('failed', START + 3)];
    await owed([eventAt(START + 5), eventAt(START + 6)]);
    await setActive(false);
    const before = await eventsQueued();
    // Of an id that shares all but its random bits with the first, as two processes can make in one moment.
    const twin = events[0]!.slice(0, 19) + randomUUID().slice(19);
    await accept(database, [eventAt(START, { id: twin })]);
    const scanned = Math.max(3, step);
    expect(await count({}, scanned)).toBe(28);
    const { total, steps } = await recover({}, Math.max(2, step), scanned);
    expect(total).toBe(28);
    expect(steps).toBeGreaterThan(step < 100 ? 3 : 0);
    const rows = await queued();
    const added = rows.map(({ event_id: id }) => id).filter((id) => !before.includes(id));
    expect(rows).toHaveLength(28 + before.length);
    expect(new Set(added).size).toBe(28);
    expect(added).toEqual(expect.arrayContaining([...events, twin]));
    expect(rows.map(({ delivery_id: id }) => id)).toEqual(expect.arrayContaining(failed));
    expect(await count({}, scanned)).toBe(0);
    expect(await recover()).toMatchObject({ total: 0 });
  });
});

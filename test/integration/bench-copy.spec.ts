import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { copyIn } from '../../bench/service/copy-in.js';
import { type CopyFormat, CopyRows } from '../../bench/service/copy-rows.js';
import { History, type HistoryPlan, textOfId } from '../../bench/service/history.js';
import { ATTEMPT_ROWS, DELIVERY_ROWS, EVENT_ROWS, queueRows } from '../../bench/service/history-rows.js';
import { findDelivery, listAttempts } from '../../src/deliveries/queue/delivery-reads.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';
import { SERVER_URL } from '../support/process.js';

const COUNT = 2_000;

/** COPY ends the embedded engine, so the bench fills servers alone. */
const describeOnServer = SERVER_URL === null ? describe.skip : describe;

let test: TestDatabase;
let database: DataSource;
let client: pg.Client;
let plan: HistoryPlan;

const copy = <Source>(table: string, format: CopyFormat<Source>, sources: Iterable<Source>): Promise<number> =>
  copyIn(
    client,
    `COPY ${table} (${format.columns.join(', ')}) FROM STDIN (FORMAT binary)`,
    CopyRows.chunksOf(format, sources),
  );
const history = (): Iterable<ReturnType<History['at']>> => new History(plan).between(0, Infinity);

describeOnServer('rows that the bench copies in', () => {
  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    client = await test.connectClient();
    const environmentId = await makeEnvironment(database);
    const id = await makeWebhook(database, environmentId);
    const webhook = { id, environmentId, targetUrl: 'https://example.com/', eventType: 'record:created', weight: 1 };
    // Of today, which has a partition.
    const untilMs = Date.now();
    const rare = { eventType: 'record:deleted', count: 0, webhooks: 1 };
    plan = { seed: 1, count: COUNT, fromMs: untilMs - 1_000, untilMs, webhooks: [webhook], rare };
  });
  afterAll(() => test.close());
  beforeEach(() => client.query('TRUNCATE event, delivery, attempt, delivery_queue'));

  it('are read by the program as what they were made from', async () => {
    await copy('event', EVENT_ROWS, history());
    expect(await copy('delivery', DELIVERY_ROWS, history())).toBe(COUNT);
    const retried = [...history()].find(({ attempts }) => attempts.length > 2)!;
    const earlier = retried.attempts.slice(0, -1).map((attempt) => ({ delivery: retried, attempt }));
    await copy('attempt', ATTEMPT_ROWS, earlier);

    const { environmentId } = retried.webhook;
    const id = textOfId(retried.deliveryId);
    expect(await findDelivery(database, environmentId, id)).toMatchObject({
      event_id: textOfId(retried.eventId),
      status: retried.status,
      attempt_count: retried.attempts.length,
      created_at: new Date(retried.createdAtMs),
      completed_at: new Date(retried.completedAtMs),
    });
    expect(await listAttempts(database, environmentId, id)).toMatchObject(
      retried.attempts.map(({ number, startedAtMs, durationMs, outcome, error, responseStatus }) => ({
        number,
        started_at: new Date(startedAtMs),
        duration_ms: durationMs,
        outcome,
        error,
        request_headers: { 'webhook-id': textOfId(retried.eventId) },
        response_status: responseStatus,
      })),
    );
  });

  it('wait in the queue until they are due', async () => {
    const dueAtMs = plan.untilMs + 86_400_000;
    await copy('delivery_queue', queueRows(dueAtMs), history());
    const [delivery] = history();
    const { environmentId } = delivery!.webhook;
    expect(await findDelivery(database, environmentId, textOfId(delivery!.deliveryId))).toMatchObject({
      status: 'pending',
      next_attempt_at: new Date(dueAtMs),
    });
  });

  it('are not stored when one of them is refused, and the connection goes on', async () => {
    const twice = [...history(), new History(plan).at(0)];
    await expect(copy('event', EVENT_ROWS, twice)).rejects.toThrow('duplicate key');
    expect((await client.query('SELECT count(*)::int FROM event')).rows).toEqual([{ count: 0 }]);
  });

  it('are not stored when they cannot all be made, and the connection goes on', async () => {
    const broken = (function* () {
      yield new History(plan).at(0);
      throw new Error('no more of them');
    })();
    await expect(copy('event', EVENT_ROWS, broken)).rejects.toThrow('no more of them');
    expect((await client.query('SELECT count(*)::int FROM event')).rows).toEqual([{ count: 0 }]);
  });
});

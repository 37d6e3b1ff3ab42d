import { randomUUID } from 'node:crypto';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

const WEBHOOKS = 1_000;
const EVENTS = 60;

describe('a batch that owes very many deliveries', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, { IN_FLIGHT_LIMIT: '1' });
  });
  afterAll(async () => {
    await replica.close();
    await test.close();
  });

  it('is taken, if not at once then when it is repeated with the same keys, and owes each once', async () => {
    const environmentId = await makeEnvironment(test.dataSource);
    await makeWebhook(test.dataSource, environmentId);
    await test.dataSource.query(
      `INSERT INTO webhook (id, environment_id, target_url, is_active, created_at, updated_at)
       SELECT uuid_v7(now()), $1, 'https://example.com/webhook', true, now(), now() FROM generate_series(2, $2)`,
      [environmentId, WEBHOOKS],
    );
    const events = Array.from({ length: EVENTS }, (_, n) => ({
      event_type: 'record:created',
      payload: { n },
      idempotency_key: randomUUID(),
    }));
    const answers: number[] = [];
    const publish = async (): Promise<boolean> => {
      const { status } = await replica.call('POST', '/event/batch', { environmentId, body: { events } });
      answers.push(status);
      return status === 202;
    };
    await until('the batch to be taken', publish, 30_000, () => answers.join());
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(answers.length > 1 ? [503] : []));
    const [row] = await test.dataSource.query<[{ owed: number }]>(
      `SELECT (SELECT count(*) FROM delivery_queue)::int + (SELECT count(*) FROM delivery)::int AS owed`,
    );
    expect(row.owed).toBe(EVENTS * WEBHOOKS);
  });
});

import type { DataSource, EntityManager } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import type { Queryable } from '../../src/database/queryable.js';
import type { DeliveryResult } from '../../src/deliveries/delivery.types.js';
import { cancelDeliveriesOf } from '../../src/deliveries/queue/deliveries-of-event.js';
import { signOff } from '../../src/deliveries/queue/replicas.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { stopDeliveries } from '../../src/deliveries/queue/stop-deliveries.js';
import { trimIdempotencyKeys } from '../../src/idempotency/idempotency-keys.repository.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, attempted, makeEnvironment, makeEvent, makeWebhook, resultOf } from '../support/delivery-fixtures.js';
import { planOf, type PlanNode } from '../support/plans.js';

/** Of each kind: waiting, leased, keys. */
const ROWS = 1_000;

/** Attempts of one statement. Those may be compared with each other, for they are few: 500 at the most. */
const LATE = 50;

/** No step of a plan may look at more rows than this: each table a few times, but not once for each row. */
const MOST_ROWS = 6 * ROWS;

describe('a statement that is planned each time', () => {
  let test: TestDatabase;
  let database: DataSource;
  let environmentId: string;
  let webhookId: string;
  let late: DeliveryResult[];
  const eventId = uuidV7();
  const replicaId = uuidV7();
  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    environmentId = await makeEnvironment(database);
    webhookId = await makeWebhook(database, environmentId);
    // A burst came and went, the tables were analyzed, and the next burst is here.
    const {
      leased: [first],
    } = await accept(database, [makeEvent(environmentId)], { total: 1 });
    await settleDeliveries(database, [resultOf(first!, { kind: 'succeeded' }, attempted('succeeded'))]);
    await database.query(`DELETE FROM delivery`);
    await database.query('ANALYZE');
    const events = Array.from({ length: LATE }, () => makeEvent(environmentId));
    const { leased } = await accept(database, events, { total: LATE });
    late = leased.map((delivery) =>
      resultOf({ ...delivery, lease: uuidV7() }, { kind: 'succeeded' }, attempted('succeeded')),
    );
    await database.query('UPDATE webhook SET is_active = false');
    await database.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at,
         lease, leased_by, leased_until)
       SELECT (left($2::uuid::text, 19) || right(gen_random_uuid()::text, 17))::uuid, $1, $2::uuid, $3, 'record:created', now(), now(), lease, CASE WHEN lease IS NOT NULL THEN $4::uuid END,
         CASE WHEN lease IS NOT NULL THEN now() - interval '1 minute' END
       FROM (SELECT CASE WHEN n % 2 = 0 THEN gen_random_uuid() END AS lease FROM generate_series(1, $5::int) n) row`,
      [environmentId, eventId, webhookId, replicaId, 2 * ROWS],
    );
    await database.query(
      `INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, created_at)
       SELECT $1, 'event', n::text, '\\x00', gen_random_uuid(), now() - interval '2 days' FROM generate_series(1, $2::int) n`,
      [environmentId, ROWS],
    );
  });
  afterAll(() => test.close());

  const statements: [string, (seen: Queryable) => Promise<unknown>][] = [
    ['stops a webhook', (seen) => stopDeliveries(seen, [webhookId], 'webhook_inactive')],
    ['cancels an event', (seen) => cancelDeliveriesOf(seen, environmentId, eventId)],
    ['signs off', (seen) => signOff(seen, replicaId)],
    ['trims keys', (seen) => trimIdempotencyKeys(seen as EntityManager, 1_000)],
    ['logs late attempts', (seen) => settleDeliveries(seen, late)],
  ];
  it.each(statements)('and %s looks at each row a few times, though it was planned for none', async (_, run) => {
    const steps: PlanNode[] = [];
    const undo = new Error('as before');
    const work = database.transaction(async (manager) => {
      const query = async (sql: string, parameters: unknown[]): Promise<unknown> => {
        await manager.query('SAVEPOINT before');
        steps.push(...(await planOf(manager, sql, { parameters, analyze: true })));
        await manager.query('ROLLBACK TO SAVEPOINT before');
        return manager.query(sql, parameters);
      };
      await run({ query } as Queryable);
      throw undo;
    });
    await expect(work).rejects.toBe(undo);
    expect(Math.max(...steps.map(rowsOf))).toBeGreaterThanOrEqual(LATE);
    expect(steps.filter((step) => rowsOf(step) > MOST_ROWS).map(described)).toEqual([]);
  });
});

/** That a step has looked at, in all its loops. */
function rowsOf(step: PlanNode): number {
  const perLoop = [step['Actual Rows'], step['Rows Removed by Filter'], step['Rows Removed by Join Filter']];
  return step['Actual Loops']! * perLoop.reduce<number>((sum, rows = 0) => sum + rows, 0);
}

function described(step: PlanNode): string {
  return `${step['Node Type']} of ${step['Relation Name'] ?? step['CTE Name']}: ${rowsOf(step)} rows`;
}

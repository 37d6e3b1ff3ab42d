import type { DataSource } from 'typeorm';
import { fillBacklog, fillFinished } from '../../bench/service/fill.js';
import type { StoredFunction } from '../../src/database/statements/stored-statement.js';
import { schema } from '../../src/schema.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';
import { storedPlanOf } from '../support/plans.js';

/** Tables that no statement may read as a whole, however small they are when the plan is made; and their partitions. */
const GROWING =
  /^(delivery_queue|delivery|event|attempt|webhook|webhook_secret|idempotency_key|stats_bucket)(_\d{8})?$/;

let test: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
});
afterAll(() => test.close());

describe('a stored statement', () => {
  // The database would find it out only where the statement runs, and a name that is never used not even there.
  it.each(schema.statements.map(({ functionName, definition }) => [functionName, definition]))(
    '%s uses every parameter that it declares, and no other',
    (_, definition) => {
      const [declaration, body] = definition.split('RETURNS TABLE', 2) as [string, string];
      const namesIn = (sql: string): string[] => [...new Set(sql.match(/\bp_\w+/g))].sort();
      expect(namesIn(body)).toEqual(namesIn(declaration));
      expect(body).not.toMatch(/\$\d/);
    },
  );
});

describe('the remembered plans of stored statements', () => {
  it.each(schema.statements.map((statement) => [statement.functionName, statement] as const))(
    'of %s reach what grows by its keys alone, in an empty database',
    async (_, statement) => {
      expect(await wholeReads(statement)).toEqual([]);
    },
  );

  describe.each([1, 20, 200, 2_000])('made when %i deliveries wait', (waiting) => {
    beforeAll(async () => {
      await database.query('TRUNCATE delivery_queue, delivery, event, attempt');
      await addWebhooks(3);
      await fillBacklog(clientOf(database), waiting, 3);
    });

    it.each([0, 100, 10_000])('and %i are finished, read nothing as a whole', async (finished) => {
      if (finished > 0) await fillFinished(clientOf(database), finished, 3, 1);
      for (const statement of schema.statements) expect(await wholeReads(statement)).toEqual([]);
    });
  });
});

/** The scans of growing tables, in the plan that a function of the statement keeps, that no key leads. */
async function wholeReads(statement: StoredFunction): Promise<string[]> {
  const plan = await database.transaction((manager) => storedPlanOf(manager, statement));
  return plan
    .filter((node) => GROWING.test(node['Relation Name'] ?? '') && node.Operation === undefined)
    .filter((node) => !node['Index Cond'] && !node['TID Cond'])
    .map((node) => `${node['Node Type']} ${node['Index Name'] ?? ''} of ${node['Relation Name']}`);
}

async function addWebhooks(count: number): Promise<void> {
  const environmentId = await makeEnvironment(database);
  for (let n = 0; n < count; n++) await makeWebhook(database, environmentId, { eventTypes: ['record:created'] });
  await database.query(
    `UPDATE webhook w SET target_url = 'https://example.com/' || place
     FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM webhook) numbered WHERE numbered.id = w.id`,
  );
}

/** Statements are in VACUUM's way in a transaction, so the pool runs them one by one. */
function clientOf(dataSource: DataSource): Parameters<typeof fillBacklog>[0] {
  const query = (sql: string, parameters?: unknown[]): Promise<unknown> => dataSource.query(sql, parameters);
  return { query } as Parameters<typeof fillBacklog>[0];
}

import type { DataSource, EntityManager } from 'typeorm';
import { fillBacklog, fillFinished } from '../../bench/service/fill.js';
import type { StoredStatement } from '../../src/database/stored-statement.js';
import { storedStatements } from '../../src/database/stored-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';

/** Tables that no statement may read as a whole, however small they are when the plan is made; and their partitions. */
const GROWING = /^(delivery_queue|delivery|event|attempt|webhook|webhook_secret|idempotency_key)(_\d{8})?$/;

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'TID Cond'?: string;
  Operation?: string;
  Plans?: PlanNode[];
}

let test: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
});
afterAll(() => test.close());

describe('the remembered plans of stored statements', () => {
  it.each(storedStatements.map((statement) => [statement.functionName, statement] as const))(
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
      for (const statement of storedStatements) expect(await wholeReads(statement)).toEqual([]);
    });
  });
});

/** The scans of growing tables, in the plan that a function of the statement keeps, that no key leads. */
async function wholeReads(statement: StoredStatement<unknown>): Promise<string[]> {
  const [, types, settings, body] =
    /^CREATE FUNCTION \w+ \(([^)]*)\).*LANGUAGE plpgsql\n(.*)AS \$function\$.*RETURN QUERY (.*);\nEND\n/s.exec(
      statement.definition,
    )!;
  const nulls = types!.split(',').map(() => 'NULL');
  return database.transaction(async (manager) => {
    for (const setting of settings!.trim().split('\n')) await manager.query(setting.replace('SET', 'SET LOCAL'));
    await manager.query(`PREPARE remembered (${types}) AS ${body}`);
    const plan = await planOf(manager, `EXECUTE remembered (${nulls.join(', ')})`);
    await manager.query('DEALLOCATE remembered');
    return nodesOf(plan)
      .filter((node) => GROWING.test(node['Relation Name'] ?? '') && node.Operation === undefined)
      .filter((node) => !node['Index Cond'] && !node['TID Cond'])
      .map((node) => `${node['Node Type']} ${node['Index Name'] ?? ''} of ${node['Relation Name']}`);
  });
}

async function planOf(manager: EntityManager, sql: string): Promise<PlanNode> {
  const [row] = await manager.query<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(`EXPLAIN (FORMAT JSON) ${sql}`);
  return row['QUERY PLAN'][0].Plan;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
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

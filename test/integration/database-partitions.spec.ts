import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';
import { isMissingPartition } from '../../src/database/sqlstate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const NOW = new Date('2031-03-02T23:59:59.999Z');
const DAY_MS = 86_400_000;

describe('DailyPartitions', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('has made those of today before anything else runs', async () => {
    await expect(insertEvent(database.dataSource, new Date())).resolves.toBeDefined();
  });

  it('makes one for each day from yesterday to a week ahead, in each log', async () => {
    await new DailyPartitions(database.dataSource).ensure(NOW);
    for (const table of ['event', 'delivery', 'attempt']) {
      expect(await partitionsIn2031(database.dataSource, table)).toEqual(
        ['0301', '0302', '0303', '0304', '0305', '0306', '0307', '0308', '0309'].map((day) => `${table}_2031${day}`),
      );
    }
  });

  it('takes a day from its first to its last millisecond', async () => {
    await new DailyPartitions(database.dataSource).ensure(NOW);
    const midnight = Date.UTC(2031, 2, 2);
    expect(await insertEvent(database.dataSource, new Date(midnight))).toBe('event_20310302');
    expect(await insertEvent(database.dataSource, new Date(midnight + DAY_MS - 1))).toBe('event_20310302');
    expect(await insertEvent(database.dataSource, new Date(midnight + DAY_MS))).toBe('event_20310303');
  });

  it('refuses a row whose day has none, in a way that can be told from other errors', async () => {
    const error: unknown = await insertEvent(database.dataSource, new Date('2032-01-01T00:00:00Z')).catch(
      (e: unknown) => e,
    );
    expect(isMissingPartition(error)).toBe(true);
    const other: unknown = await database.dataSource
      .query(`INSERT INTO environment VALUES (gen_random_uuid(), '', now(), now())`)
      .catch((e: unknown) => e);
    expect(isMissingPartition(other)).toBe(false);
  });

  it('gives them the keys, indexes and checks of their table', async () => {
    await new DailyPartitions(database.dataSource).ensure(NOW);
    const [delivery] = await database.dataSource.query<{ indexes: number; checks: number }[]>(
      `SELECT (SELECT count(*)::int FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid WHERE i.indrelid = c.oid) AS indexes,
              (SELECT count(*)::int FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.coninhcount = 1) AS checks
         FROM pg_class c WHERE relname = 'delivery_20310302'`,
    );
    expect(delivery).toEqual({ indexes: 6, checks: 5 });
  });

  it('can be asked by several replicas at once, and again', async () => {
    const at = new Date('2033-05-05T12:00:00Z');
    const replicas = [database.dataSource, await database.connect(), await database.connect()];
    await Promise.all(replicas.map((replica) => new DailyPartitions(replica).ensure(at)));
    await new DailyPartitions(database.dataSource).ensure(at);
    await new DailyPartitions(database.dataSource).ensure(new Date(at.getTime() + DAY_MS));
    const made = await partitions(database.dataSource, 'attempt');
    expect(made.filter((name) => name.startsWith('attempt_2033'))).toHaveLength(10);
  });

  it('does not wait for, nor hold up, inserts into the table', async () => {
    if (database.engine === 'embedded') return;
    const client = await database.connectClient();
    await client.query('BEGIN');
    await client.query('LOCK TABLE event IN ROW EXCLUSIVE MODE');
    await new DailyPartitions(database.dataSource).ensure(new Date('2034-01-01T00:00:00Z'));
    await client.query('ROLLBACK');
  });
});

async function insertEvent(dataSource: DataSource, at: Date): Promise<string> {
  const [row] = await dataSource.query<{ partition: string }[]>(
    `INSERT INTO event (id, environment_id, event_type, payload, created_at)
     VALUES ($1, gen_random_uuid(), 'record:created', '{}', $2) RETURNING tableoid::regclass::text AS partition`,
    [uuidV7(at.getTime()), at],
  );
  return row!.partition;
}

async function partitions(dataSource: DataSource, table: string): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function partitionsIn2031(dataSource: DataSource, table: string): Promise<string[]> {
  return (await partitions(dataSource, table)).filter((name) => name.startsWith(`${table}_2031`));
}

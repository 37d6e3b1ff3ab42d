import pg from 'pg';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { openDataSource } from '../../src/database/data-source.js';
import { migrate, SchemaTooNewError } from '../../src/database/migrator.js';
import { schema } from '../../src/schema.js';
import { WebhookTokens1765900000000 } from '../../migrations/1765900000000-webhook-tokens.js';
import { migrations } from '../../migrations/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('migrations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());
  beforeEach(() => empty(database.dataSource));

  it('are run once by several processes that start together on an empty database', async () => {
    const replicas = await Promise.all([1, 2, 3].map(() => openDataSource({ url: database.url, schema, poolSize: 1 })));
    try {
      const ran = await Promise.all(replicas.map((replica) => migrate(replica, schema.statements)));
      expect(ran.flat()).toEqual(migrations.map(({ name }) => name));
      expect(await migrate(replicas[0]!, schema.statements)).toEqual([]);
    } finally {
      await Promise.all(replicas.map((replica) => replica.destroy()));
    }
  });

  it('leave nothing behind when one fails', async () => {
    await database.dataSource.query('CREATE TABLE webhook (in_the_way int)');
    await expect(migrate(database.dataSource, schema.statements)).rejects.toThrow('relation "webhook" already exists');
    expect(await tables(database.dataSource)).toEqual(['webhook']);
  });

  it('refuse a database that a newer version has migrated, naming what they do not know', async () => {
    await migrate(database.dataSource, schema.statements);
    await database.dataSource.query(
      `INSERT INTO schema_migration (timestamp, name) VALUES (1999999999999, 'FromTheFuture1999999999999')`,
    );
    await expect(migrate(database.dataSource, schema.statements)).rejects.toThrow(SchemaTooNewError);
    await expect(migrate(database.dataSource, schema.statements)).rejects.toThrow('FromTheFuture1999999999999');
  });

  it('can be undone', async () => {
    await migrate(database.dataSource, schema.statements);
    const queryRunner = database.dataSource.createQueryRunner();
    for (const migration of [...migrations].reverse()) await new migration().down(queryRunner);
    await queryRunner.release();
    expect(await tables(database.dataSource)).toEqual(['schema_migration']);
  });

  it('for tokens of one webhook leave those that are there as they are, and undone delete the new ones', async () => {
    await migrate(database.dataSource, schema.statements);
    const query = (sql: string) => database.dataSource.query<Record<string, unknown>[]>(sql);
    const queryRunner = database.dataSource.createQueryRunner();
    const migration = new WebhookTokens1765900000000();
    await migration.down(queryRunner);
    const ENVIRONMENT = '05daecaf-4365-42e8-8370-8127de5dd717';
    const WEBHOOK = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
    await query(
      `INSERT INTO environment (id, name, created_at, updated_at) VALUES ('${ENVIRONMENT}', 'e', now(), now())`,
    );
    await query(
      `INSERT INTO webhook (id, environment_id, target_url, is_active, created_at, updated_at)
       VALUES ('${WEBHOOK}', '${ENVIRONMENT}', 'https://example.com/', true, now(), now())`,
    );
    const insertToken = (name: string, columns = '', values = '') =>
      query(
        `INSERT INTO api_token (id, environment_id, name, token_hash, scopes, created_at${columns})
         VALUES (gen_random_uuid(), '${ENVIRONMENT}', '${name}', sha256('${name}'), '{webhook:read}', now()${values})`,
      );
    await insertToken('old');
    await migration.up(queryRunner);
    expect(await query('SELECT name, webhook_id FROM api_token')).toEqual([{ name: 'old', webhook_id: null }]);
    await insertToken('new', ', webhook_id', `, '${WEBHOOK}'`);
    await expect(insertToken('lost', ', webhook_id', `, '${ENVIRONMENT}'`)).rejects.toThrow('api_token_webhook');
    await migration.down(queryRunner);
    await queryRunner.release();
    expect(await query('SELECT name FROM api_token')).toEqual([{ name: 'old' }]);
  });

  it('make ids in SQL that sort by time like those made in the process', async () => {
    await migrate(database.dataSource, schema.statements);
    const at = new Date('2026-11-23T16:00:00.123Z');
    const [row] = await database.dataSource.query<{ id: string }[]>('SELECT uuid_v7($1) AS id', [at]);
    expect(row!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(row!.id.slice(0, 13)).toBe(uuidV7(at.getTime()).slice(0, 13));
  });

  it('wait for a migrator that is at work', async () => {
    // Two transactions at once: not on the embedded engine, where they take turns anyway.
    if (database.engine === 'embedded') return;
    const client = await database.connectClient();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [0x746964]);
    let isDone = false;
    const migrating = migrate(database.dataSource, schema.statements).then(() => (isDone = true));
    await waitForBlocked(client);
    expect(isDone).toBe(false);
    await client.query('COMMIT');
    await migrating;
  });
});

async function empty(dataSource: DataSource): Promise<void> {
  await dataSource.query('DROP SCHEMA public CASCADE');
  await dataSource.query('CREATE SCHEMA public');
}

async function tables(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function waitForBlocked(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
    if (rows.length > 0) return;
  }
}

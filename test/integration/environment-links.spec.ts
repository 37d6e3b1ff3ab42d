import { randomBytes, randomUUID } from 'node:crypto';
import { startReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { leastBodyOf } from '../support/operations.js';

/* No row of one environment can belong to a row of another: the database refuses it, whatever a statement says. */

/** Tables of an environment's rows that reference nothing, and why. What they say of a webhook is held by no constraint. */
const WITHOUT_REFERENCES: Record<string, string> = {
  idempotency_key: 'written with every keyed event: a foreign key would lock the environment’s row each time',
  event: 'partitioned, and written for every event; takes its environment from the token',
  delivery: 'partitioned, and written for every delivery; takes its environment from the queue',
  stats_entry: 'written for every delivery, by the statement that records what the delivery came to',
  stats_bucket: 'sums of those, of a webhook or of the environment itself',
  fan_out: 'written with the events of wide requests, whose environment is the token’s; removed as they are fanned out',
  delivery_queue: 'written for every delivery, by the statement that selects the webhooks of the event’s environment',
};

/** Tables without a column for the environment, and why. */
const WITHOUT_ENVIRONMENT: Record<string, string> = {
  environment: 'is the environment',
  encryption_key: 'all environments’ secrets are encrypted with the same keys',
  replica: 'replicas serve all environments',
  attempt: 'belongs to a delivery by its id alone, and is read once that was found in the environment',
  webhook_health: 'belongs to a webhook by its id alone, which no two environments share',
  schema_migration: 'tells the version of the schema',
  stats_beginning: 'tells since when there are statistics',
  request_demand: 'counts what tokens ask for within seconds; unlogged, and written to by every replica',
  operational_event: 'is the operator’s, whose environment is in operator_webhook',
};

/** Tables that have one row of an environment at most. */
const ONCE_PER_ENVIRONMENT = ['environment_erasure'];

/** Tables that have one row at most. */
const ONCE = ['operator_webhook'];

/** A foreign key between rows that each belong to an environment. */
interface Link {
  table: string;
  name: string;
  /** Of the child and, in the same order, of the parent. */
  columns: string[];
  parent: string;
  parent_columns: string[];
  is_deferrable: boolean;
  is_validated: boolean;
  /** On update and on delete: `a` stands for no action. */
  actions: string;
}

type Row = Record<string, unknown>;

describe('links between environments', () => {
  let database: TestDatabase;
  let own: string;
  let other: string;
  let tables: { name: string; has_environment: boolean }[];
  let links: Link[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const replica = await startReplica(database);
    const call = async (path: string, body: object, environmentId?: string): Promise<string> => {
      const reply = await replica.call<{ id: string }>('POST', path, {
        body,
        ...(environmentId !== undefined && { environmentId }),
      });
      expect(reply.status).toBeLessThan(300);
      return reply.body.id;
    };
    try {
      const newEnvironment = async (): Promise<string> => {
        const id = await call('/environment', { name: 'story', allow_duplicate_name: true });
        const webhookId = await call('/webhook', { target_url: 'https://127.0.0.1:1024/' }, id);
        await call(`/webhook/${webhookId}/recover`, leastBodyOf('POST /webhook/{id}/recover')!, id);
        await call('/event', { event_type: 'record:created', payload: {} }, id);
        await call('/api-token', { name: 'story', environment_id: id });
        return id;
      };
      own = await newEnvironment();
      other = await newEnvironment();
    } finally {
      await replica.close();
    }
    await database.dataSource.query(
      'INSERT INTO environment_erasure (environment_id, next_at, created_at) VALUES ($1, now(), now())',
      [own],
    );
    await database.dataSource.query(
      'INSERT INTO operator_webhook (environment_id, webhook_id, is_on) SELECT environment_id, id, true FROM webhook WHERE environment_id = $1',
      [own],
    );
    tables = await database.dataSource.query(
      `SELECT c.relname AS name,
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'environment_id') AS has_environment
       FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    );
    links = await database.dataSource.query(
      `SELECT child.relname AS table, f.conname AS name, parent.relname AS parent, f.condeferrable AS is_deferrable,
         f.convalidated AS is_validated, f.confupdtype::text || f.confdeltype::text AS actions,
         ARRAY(SELECT attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
           JOIN pg_attribute ON attrelid = f.conrelid AND attnum = number ORDER BY place) AS columns,
         ARRAY(SELECT attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
           JOIN pg_attribute ON attrelid = f.confrelid AND attnum = number ORDER BY place) AS parent_columns
       FROM pg_constraint f JOIN pg_class child ON child.oid = f.conrelid JOIN pg_class parent ON parent.oid = f.confrelid
       WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    );
  });

  afterAll(() => database?.close());

  const belongsToEnvironment = (table: string): boolean =>
    tables.some(({ name, has_environment: has }) => name === table && has);

  /** Links whose parent is an environment, or a row of one. */
  const linksOf = (table: string): Link[] =>
    links.filter(
      (link) => link.table === table && (link.parent === 'environment' || belongsToEnvironment(link.parent)),
    );

  /** The constraint that refuses the statement. Throws when it passes, or fails for another reason. */
  const refusalOf = async (statement: string, parameters: unknown[] = []): Promise<string> => {
    try {
      await database.dataSource.query(statement, parameters);
    } catch (error) {
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== '23503' || constraint === undefined) throw error;
      return constraint;
    }
    throw new Error(`passed: ${statement}`);
  };

  /** A row of the table in this environment; throws where none was made for this test. */
  const rowOf = async (table: string, environmentId: string): Promise<Row> => {
    const rows = await database.dataSource.query<{ row: Row }[]>(
      `SELECT to_jsonb(t) AS row FROM ${table} t WHERE environment_id = $1::uuid LIMIT 1`,
      [environmentId],
    );
    if (!rows[0]) throw new Error(`this test has no row of ${table}`);
    return rows[0].row;
  };

  /** A second row like the one that there is, with what has to differ and with these members. */
  const insertLike = async (table: string, members: Row): Promise<[string, [Row]]> => {
    const row = await rowOf(table, own);
    const fresh = {
      ...('id' in row && { id: randomUUID() }),
      ...('token_hash' in row && { token_hash: `\\x${randomBytes(32).toString('hex')}` }),
      ...(table === 'webhook_revision' && { revision: 1_000 }),
      ...(table === 'recovery' && { status: 'stopped', completed_at: new Date().toISOString() }),
    };
    const insert = `INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1::jsonb)`;
    return [insert, [{ ...row, ...fresh, ...members }]];
  };

  it('concern every table: each references what its rows belong to, or is listed with the reason why not', () => {
    const known = (name: string): boolean => name in WITHOUT_REFERENCES || name in WITHOUT_ENVIRONMENT;
    const unknown = tables.filter(({ name }) => linksOf(name).length === 0 && !known(name));
    expect(unknown.map(({ name }) => name)).toEqual([]);
    const listed = [...Object.keys(WITHOUT_REFERENCES), ...Object.keys(WITHOUT_ENVIRONMENT)];
    expect(listed.filter((name) => !tables.some((table) => table.name === name))).toEqual([]);
    const having = tables.filter(({ has_environment: has }) => has).map(({ name }) => name);
    expect(having.filter((name) => name in WITHOUT_ENVIRONMENT)).toEqual([]);
    expect(having.filter((name) => name in WITHOUT_REFERENCES && linksOf(name).length > 0)).toEqual([]);
  });

  it('carry the environment on both sides, in constraints that hold at once and give way to nothing', () => {
    const within = links.filter(({ table, parent }) => belongsToEnvironment(table) && belongsToEnvironment(parent));
    expect(within.length).toBeGreaterThan(1);
    for (const { name, columns, parent_columns: parentColumns } of within) {
      const place = columns.indexOf('environment_id');
      expect({ name, parent: place >= 0 && parentColumns[place] }).toEqual({ name, parent: 'environment_id' });
    }
    for (const link of links) {
      expect(link).toMatchObject({ is_deferrable: false, is_validated: true, actions: 'aa' });
    }
  });

  it('are refused by name when a row is written', async () => {
    const tried: string[] = [];
    for (const { table, name, columns, parent } of links) {
      const column = columns.find((each) => each !== 'environment_id');
      if (!belongsToEnvironment(table) || !columns.includes('environment_id')) continue;
      // What a row belongs to is the other environment's; an environment itself can only be missing.
      const foreign = column === undefined ? {} : { [column]: (await rowOf(parent, other))['id'] };
      const members = column === undefined ? { environment_id: randomUUID() } : foreign;
      const unlinked = await insertLike(table, members);
      const second = await insertLike(table, ONCE_PER_ENVIRONMENT.includes(table) ? { environment_id: other } : {});
      if (ONCE.includes(table)) await database.dataSource.query(`DELETE FROM ${table}`);
      expect(await refusalOf(...unlinked)).toBe(name);
      // Nothing but the link stands in its way.
      await database.dataSource.query(...second);
      tried.push(name);
    }
    expect(tried).toEqual(
      expect.arrayContaining([
        'api_token_environment',
        'api_token_webhook',
        'recovery_webhook',
        'webhook_environment',
        'webhook_revision_webhook',
        'webhook_secret_webhook',
      ]),
    );
  });

  it('are refused by name when a row is changed', async () => {
    const { id: foreign } = await rowOf('webhook', other);
    for (const table of ['webhook_revision', 'webhook_secret']) {
      const move = `UPDATE ${table} SET environment_id = $2::uuid WHERE environment_id = $1::uuid`;
      expect(await refusalOf(move, [own, other])).toBe(`${table}_webhook`);
      const hand = `UPDATE ${table} SET webhook_id = $2::uuid WHERE environment_id = $1::uuid`;
      expect(await refusalOf(hand, [own, foreign])).toBe(`${table}_webhook`);
    }
    const moved = `UPDATE webhook SET environment_id = $2::uuid
      WHERE environment_id = $1::uuid AND id IN (SELECT webhook_id FROM webhook_secret)`;
    expect(await refusalOf(moved, [own, other])).toMatch(/^webhook_(revision|secret)_webhook$/);
    const lost = 'UPDATE api_token SET environment_id = $2::uuid WHERE environment_id = $1::uuid';
    expect(await refusalOf(lost, [own, randomUUID()])).toBe('api_token_environment');
  });

  it('are in no delivery either, which no constraint keeps from it', async () => {
    const deliveries = await database.dataSource.query<object[]>(
      `SELECT webhook.environment_id = d.environment_id AS is_of_webhook, event.environment_id = d.environment_id AS is_of_event
       FROM (
         SELECT environment_id, webhook_id, event_id FROM delivery_queue
         UNION ALL SELECT environment_id, webhook_id, event_id FROM delivery
       ) d JOIN webhook ON webhook.id = d.webhook_id JOIN event ON event.id = d.event_id`,
    );
    const within = { is_of_webhook: true, is_of_event: true };
    expect(deliveries).toEqual([within, within]);
  });
});

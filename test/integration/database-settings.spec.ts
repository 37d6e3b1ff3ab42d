import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import pg from 'pg';
import { DatabaseSettingsError } from '../../src/common/database-trouble.js';
import { openDataSource } from '../../src/database/data-source.js';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';
import { partitionOf, dayOf } from '../../src/database/partitions/day-partition.js';
import { PartitionDropper } from '../../src/database/partitions/partition-dropper.js';
import { refuseSettings } from '../../src/database/session-settings.js';
import { explain } from '../../src/explain.js';
import { schema } from '../../src/schema.js';
import { findPgBouncer, PgBouncer } from '../faults/pgbouncer.js';
import { startReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/* What an administrator gives to all sessions of a database or a role. */

jest.setTimeout(120_000);

const OLD_DAY = dayOf(Date.UTC(2020, 0, 2));

/** Those that change nothing: asked for with each connection, or without a meaning for what is written here. */
const HARMLESS = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'America/New_York',
  bytea_output: 'escape',
  extra_float_digits: '3',
  standard_conforming_strings: 'off',
  client_encoding: 'LATIN1',
  row_security: 'off',
  client_min_messages: 'debug1',
  lc_messages: 'C',
  default_transaction_deferrable: 'on',
  quote_all_identifiers: 'on',
  xmlbinary: 'hex',
  plan_cache_mode: 'force_custom_plan',
  statement_timeout: '10s',
  lock_timeout: '1min',
  idle_in_transaction_session_timeout: '10s',
  idle_session_timeout: '20s',
};

/** Those that are refused, with what the line says that they must be. */
const REFUSED: [name: string, value: string, wanted: string][] = [
  ['extra_float_digits', '0', 'at least 1'],
  ['array_nulls', 'off', 'on'],
  ['search_path', 'public, pg_catalog', 'without a schema before pg_catalog'],
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['default_transaction_isolation', 'repeatable read', 'read committed'],
  ['default_transaction_read_only', 'on', 'off'],
  ['session_replication_role', 'replica', 'origin'],
  ['synchronous_commit', 'off', 'on'],
  ['statement_timeout', '9s', '0 or at least 10s'],
  ['lock_timeout', '100ms', '0 or at least 10s'],
  ['idle_in_transaction_session_timeout', '5s', '0 or at least 10s'],
  ['idle_session_timeout', '10s', '0 or at least 20s'],
  ['transaction_timeout', '30s', '0 or at least 60s'],
];

describe('the settings of a session', () => {
  const setting = { name: 'lock_timeout', setting: '1', role: 'tidings', database: '"my-db"', schema: 'public' };
  it.each([
    ['database', 'ALTER DATABASE "my-db" RESET lock_timeout'],
    ['user', 'ALTER ROLE tidings RESET lock_timeout'],
    ['database user', 'ALTER ROLE tidings IN DATABASE "my-db" RESET lock_timeout'],
    ['client', 'take lock_timeout out of the options in DATABASE_URL, or of PGOPTIONS'],
    ['configuration file', "ALTER ROLE tidings SET lock_timeout = '0'"],
  ])('from the %s are refused with what to do: %s', (source, remedy) => {
    const refuse = (): void => refuseSettings([{ ...setting, source }], true);
    expect(refuse).toThrow(DatabaseSettingsError);
    expect(refuse).toThrow(`lock_timeout must be 0 or at least 10s (${remedy}).`);
  });

  it('are all named at once, in one line', () => {
    const settings = [setting, { ...setting, name: 'array_nulls', setting: 'off' }];
    const error = new Promise<void>((resolve) => {
      refuseSettings(
        settings.map((each) => ({ ...each, source: 'user' })),
        true,
      );
      resolve();
    });
    return expect(error.catch((thrown: unknown) => explain(thrown, null))).resolves.toBe(
      'Tidings cannot work with these settings of the database: ' +
        'lock_timeout must be 0 or at least 10s (ALTER ROLE tidings RESET lock_timeout). ' +
        'array_nulls must be on (ALTER ROLE tidings RESET array_nulls).',
    );
  });
});

if (process.env['TEST_DATABASE_URL']) {
  describe('settings of a database or a role', () => {
    let database: TestDatabase;
    let superuser: pg.Client;
    const role = `settings_${randomBytes(6).toString('hex')}`;
    let url: string;
    let name: string;

    beforeAll(async () => {
      database = await createTestDatabase();
      superuser = await database.connectClient();
      const password = randomBytes(8).toString('hex');
      await superuser.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${password}'`);
      const of = new URL(database.url);
      name = of.pathname.slice(1);
      of.username = role;
      of.password = password;
      url = of.href;
    });
    afterAll(async () => {
      await superuser.query(`DROP ROLE ${role}`);
      await database.close();
    });

    const SCOPES = { database: () => `DATABASE "${name}"`, role: () => `ROLE ${role}` };
    type Scope = keyof typeof SCOPES;
    const each = <T>(rows: readonly T[]): [Scope, T][] =>
      rows.flatMap((row) => (Object.keys(SCOPES) as Scope[]).map((scope): [Scope, T] => [scope, row]));

    async function altered(scope: Scope, setting: string, value: string, work: () => Promise<void>): Promise<void> {
      const target = SCOPES[scope]();
      const literal = setting === 'search_path' ? value : `'${value}'`;
      await superuser.query(`ALTER ${target} SET ${setting} = ${literal}`);
      try {
        await work();
      } finally {
        await superuser.query(`ALTER ${target} RESET ${setting}`);
      }
    }

    /** Writes and reads what passes through the types that settings could touch, and drops a day. */
    async function story(): Promise<void> {
      const replica = await startReplica({ ...database, url });
      try {
        const { body: environment } = await replica.call<{ id: string; created_at: string }>('POST', '/environment', {
          body: { name: 'settings', allow_duplicate_name: true },
        });
        const inIt = { environmentId: environment.id };
        const { body: webhook } = await replica.call<{ id: string; secret: string }>('POST', '/webhook', {
          ...inIt,
          body: { target_url: 'http://localhost:65001/', event_types: ['record:created'] },
        });
        const before = Date.now();
        const body = { event_type: 'record:created', payload: { text: 'naïve \\ "☃"', at: '01.02.2026' } };
        const headers = { 'idempotency-key': randomBytes(6).toString('hex') };
        const published = await replica.call<{ id: string; created_at: string }>('POST', '/event', {
          ...inIt,
          body,
          headers,
        });
        expect(published.status).toBe(202);
        expect((await replica.call('POST', '/event', { ...inIt, body, headers })).body).toEqual(published.body);
        const { body: event } = await replica.call<{ created_at: string; payload: unknown }>(
          'GET',
          `/event/${published.body.id}`,
          inIt,
        );
        expect(event.payload).toEqual(body.payload);
        expect(event.created_at).toBe(published.body.created_at);
        expect(Math.abs(Date.parse(event.created_at) - before)).toBeLessThan(60_000);
        for (const path of ['/webhook', `/webhook/${webhook.id}`, '/event', '/delivery', '/stats', '/audit']) {
          expect([path, (await replica.call('GET', path, inIt)).status]).toEqual([path, 200]);
        }
        const rotated = await replica.call('POST', `/webhook/${webhook.id}/rotate-secret`, { ...inIt, body: {} });
        expect(rotated.status).toBe(200);
        const { name: partition } = partitionOf('event', OLD_DAY);
        await superuser.query(`SELECT make_day('event', $1)`, [OLD_DAY]);
        await replica.nest.get(DailyPartitions).ensure(new Date());
        const { dropped } = await replica.nest.get(PartitionDropper).run();
        expect(dropped).toEqual([partition]);
        expect((await replica.call('GET', '/health/ready')).status).toBe(200);
      } finally {
        await replica.close();
      }
    }

    it.each(each(Object.entries(HARMLESS)))('of a %s, %j, change nothing', (scope, [setting, value]) =>
      altered(scope, setting, value, story),
    );

    it.each(each(REFUSED))('of a %s, %j, are refused with what to do', async (scope, [setting, value, wanted]) => {
      const { rows } = await superuser.query(`SELECT FROM pg_settings WHERE name = '${setting}'`);
      // transaction_timeout came with PostgreSQL 17.
      if (rows.length === 0) return expect(setting).toBe('transaction_timeout');
      await altered(scope, setting, value, async () => {
        const remedy = `ALTER ${SCOPES[scope]()} RESET ${setting}`;
        await expect(openDataSource({ url, schema, poolSize: 1 })).rejects.toThrow(
          `${setting} must be ${wanted} (${remedy}).`,
        );
      });
      await (await openDataSource({ url, schema, poolSize: 1 })).destroy();
    });

    it('that change while it runs are refused to the sessions that begin then, until they are taken back', async () => {
      const failures: Error[] = [];
      const opened = await openDataSource({ url, schema, poolSize: 2, onFailure: (error) => failures.push(error) });
      const both = (): Promise<unknown> =>
        Promise.all([opened.query('SELECT pg_sleep(0.2)'), opened.query('SELECT 1')]);
      try {
        await altered('database', 'default_transaction_isolation', 'serializable', async () => {
          await expect(both()).rejects.toThrow('default_transaction_isolation must be read committed');
          expect(failures.some((error) => error instanceof DatabaseSettingsError)).toBe(true);
        });
        await expect(both()).resolves.toBeDefined();
      } finally {
        await opened.destroy();
      }
    });

    const program = findPgBouncer();
    (program ? it : it.skip)('are the same behind PgBouncer, in transaction mode', async () => {
      const through = async (work: (url: string) => Promise<void>): Promise<void> => {
        const pooler = await PgBouncer.prepare(program!, url);
        await pooler.start();
        try {
          await work(pooler.url);
        } finally {
          await pooler.stop();
        }
      };
      await altered('database', 'DateStyle', 'German, DMY', () =>
        through(async (pooled) => {
          const opened = await openDataSource({ url: pooled, schema, poolSize: 2 });
          const [row] = await opened.query<[{ at: Date }]>(`SELECT timestamptz '2026-02-01T12:00:00Z' AS at`);
          await opened.destroy();
          expect(row.at).toEqual(new Date('2026-02-01T12:00:00Z'));
        }),
      );
      await altered('role', 'default_transaction_isolation', 'serializable', () =>
        through((pooled) =>
          expect(openDataSource({ url: pooled, schema, poolSize: 2 })).rejects.toThrow(
            `default_transaction_isolation must be read committed (ALTER ROLE ${role} RESET default_transaction_isolation).`,
          ),
        ),
      );
    });

    it('that lead to other tables while it runs are refused', async () => {
      const opened = await openDataSource({ url, schema, poolSize: 2 });
      await superuser.query('CREATE SCHEMA elsewhere');
      try {
        await altered('role', 'search_path', 'elsewhere', async () => {
          const both = Promise.all([opened.query('SELECT pg_sleep(0.2)'), opened.query('SELECT 1')]);
          await expect(both).rejects.toThrow('search_path must lead to public, as at the start, not to elsewhere.');
        });
      } finally {
        await opened.destroy();
        await superuser.query('DROP SCHEMA elsewhere');
      }
    });
  });
}

import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type PostgresServer } from '../../scripts/postgres-server.mjs';
import { clientConfigOf } from '../../src/database/client-config.js';
import { openDataSource } from '../../src/database/data-source.js';
import { schema } from '../../src/schema.js';
import { CertificateAuthority } from '../support/certificates.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const POOL_SIZE = 1;

describe('the sessions of a pool', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  const nameWith = async (parameters: string): Promise<string> => {
    const { url } = database;
    const separator = url.includes('?') ? '&' : '?';
    const opened = await openDataSource({
      url: `${url}${parameters && separator}${parameters}`,
      schema,
      poolSize: POOL_SIZE,
    });
    try {
      const [row] = await opened.query<[{ name: string }]>(`SELECT current_setting('application_name') AS name`);
      return row.name;
    } finally {
      await opened.destroy();
    }
  };

  it('are named tidings, unless the URL says otherwise', async () => {
    // The embedded engine has one session, which was there before.
    if (database.engine === 'embedded') return expect(clientConfigOf(database.url).application_name).toBe('tidings');
    expect(await nameWith('')).toBe('tidings');
    expect(await nameWith('application_name=billing')).toBe('billing');
  });
});

if (process.env['TEST_DATABASE_URL']) {
  describe('sslmode', () => {
    let server: PostgresServer;
    let known: CertificateAuthority;
    let unknown: CertificateAuthority;

    beforeAll(async () => {
      known = new CertificateAuthority();
      unknown = new CertificateAuthority();
      server = await startPostgres(18);
      await encrypt(known);
    }, 60_000);
    afterAll(async () => {
      await server.stop();
      known.remove();
      unknown.remove();
    });

    async function asSuperuser(...statements: string[]): Promise<unknown[]> {
      const client = new pg.Client(server.url);
      await client.connect();
      try {
        let rows: unknown[] = [];
        for (const statement of statements) ({ rows } = await client.query(statement));
        return rows;
      } finally {
        await client.end();
      }
    }

    /** Has the server show a certificate of this authority for `localhost`. */
    async function encrypt(authority: CertificateAuthority): Promise<void> {
      const [{ directory }] = (await asSuperuser(`SELECT current_setting('data_directory') AS directory`)) as [
        { directory: string },
      ];
      const { uid, gid } = statSync(directory);
      const identity = authority.issue('localhost');
      for (const [name, content] of [
        ['server.crt', identity.cert],
        ['server.key', identity.key],
      ] as const) {
        writeFileSync(join(directory, name), content, { mode: 0o600 });
        if (process.getuid!() === 0) chownSync(join(directory, name), uid, gid);
      }
      await asSuperuser('ALTER SYSTEM SET ssl = on', 'SELECT pg_reload_conf()');
    }

    /** Whether the connection is encrypted, or why there is none. */
    async function connected(host: string, parameters: string): Promise<string> {
      const url = new URL(server.url);
      url.hostname = host;
      url.search = parameters;
      try {
        const opened = await openDataSource({ url: url.href, schema, poolSize: POOL_SIZE });
        const [row] = await opened.query<[{ ssl: boolean }]>(
          'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
        );
        await opened.destroy();
        return row.ssl ? 'encrypted' : 'plain';
      } catch (error) {
        return (error as Error).message;
      }
    }

    it.each([
      ['localhost', 'none', '', 'plain'],
      ['localhost', 'none', 'sslmode=disable', 'plain'],
      ['localhost', 'none', 'sslmode=require', 'encrypted'],
      ['127.0.0.1', 'none', 'sslmode=require', 'encrypted'],
      ['localhost', 'none', 'sslmode=verify-full', /unable to verify|self-signed|local issuer/],
      ['localhost', 'known', 'sslmode=verify-full', 'encrypted'],
      ['localhost', 'known', 'sslmode=verify-full&sslnegotiation=direct', 'encrypted'],
      ['127.0.0.1', 'known', 'sslmode=verify-full', /does not match|not in the cert/],
      ['127.0.0.1', 'known', 'sslmode=verify-ca', 'encrypted'],
      ['127.0.0.1', 'known', 'sslmode=require', 'encrypted'],
      ['localhost', 'unknown', 'sslmode=verify-full', /unable to verify|self-signed|local issuer/],
      ['localhost', 'unknown', 'sslmode=verify-ca', /unable to verify|self-signed|local issuer/],
      // As in libpq: with an authority given, it is looked at.
      ['localhost', 'unknown', 'sslmode=require', /unable to verify|self-signed|local issuer/],
    ] as const)('to %s with %s authority and %s: %s', async (host, authority, parameters, outcome) => {
      const path = { none: null, known: known.path, unknown: unknown.path }[authority];
      const given = path === null ? parameters : `${parameters}&sslrootcert=${path}`;
      const found = await connected(host, given);
      if (typeof outcome === 'string') expect(found).toBe(outcome);
      else expect(found).toMatch(outcome);
    });

    it('does without encryption nowhere that it was asked for', async () => {
      await asSuperuser('ALTER SYSTEM SET ssl = off', 'SELECT pg_reload_conf()');
      expect(await connected('localhost', 'sslmode=require')).toMatch(/does not support SSL/);
      expect(await connected('localhost', '')).toBe('plain');
    });
  });
}

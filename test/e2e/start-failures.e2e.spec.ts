import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../scripts/postgres-server.mjs';
import { MAIN } from '../support/program.js';
import { SERVER_URL, Service, type ServiceOptions } from '../support/process.js';
import { useServers } from '../support/servers.js';

// Each case starts a process of its own.
jest.setTimeout(300_000);

const ADMIN_TOKEN = 'an-admin-token-for-tests-of-enough-length';
const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const CREDENTIALS = { ADMIN_TOKEN, ENCRYPTION_KEYS: `test:${keyOf(7)}` };
const isRoot = process.getuid!() === 0;

/** What starts the service as a user who may not do what root may. */
const UNPRIVILEGED = [
  'sh',
  '-c',
  // The directory that tests start in is closed to others.
  'cd / && exec "$@"',
  'sh',
  ...(isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []),
  process.execPath,
  MAIN,
] as const;

describe('a start that fails for a reason that was to be expected', () => {
  const listen = useServers();
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidings-failing-'));
    chmodSync(directory, 0o777);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Starts the service, which has to end with 1 and one line; the line. */
  async function lineOf(options: ServiceOptions): Promise<string> {
    const service = new Service(options);
    try {
      await service.spawnOnly();
      const { code } = await service.exit(120_000);
      const lines = service.logs.split('\n').filter((line) => line !== '' && !/^\{"level":"(info|debug)"/.test(line));
      expect({ code, lines }).toEqual({ code: 1, lines: [expect.any(String)] });
      return lines[0]!;
    } finally {
      await service.stop();
    }
  }

  if (!SERVER_URL) {
    // Before there is a database, whichever it is to be.
    it('names the port that is taken', async () => {
      const { port } = await listen(createServer());
      expect(await lineOf({ env: { ...CREDENTIALS, PORT: String(port) } })).toBe(
        `Another process listens on port ${port} of 127.0.0.1 already. Stop it, or set PORT to a free one.`,
      );
    });

    it('names the port that is not allowed', async () => {
      expect(await lineOf({ command: UNPRIVILEGED, env: { ...CREDENTIALS, PORT: '80', DATA_DIR: directory } })).toBe(
        'This user may not listen on port 80 of 127.0.0.1. Set PORT to one of 1024 or more, or give the process CAP_NET_BIND_SERVICE.',
      );
    });

    it('names the address that the machine does not have', async () => {
      expect(await lineOf({ env: { ...CREDENTIALS, HOST: '192.0.2.1' } })).toBe(
        'This machine does not have the address 192.0.2.1. Set HOST to one that it has.',
      );
    });

    it('names the command that there is not', async () => {
      expect(await lineOf({ command: [process.execPath, MAIN, 'migrat'] })).toBe(
        'There is no command "migrat": without one the service starts, and "migrate" brings the schema up to date.',
      );
    });

    describe('on the embedded engine', () => {
      const onDisk = (size: number): ServiceOptions => ({
        // A file system of its own, which goes with the process.
        command: [
          'unshare',
          '--mount',
          ...(isRoot ? [] : ['--map-root-user']),
          'sh',
          '-c',
          'mount -t tmpfs -o "$1" tmpfs "$DATA_DIR" && shift && exec "$@"',
          'sh',
          `size=${size}`,
          process.execPath,
          MAIN,
        ],
        env: { DATA_DIR: directory },
      });

      it.each([
        ['the files of the database', 8 * 1024 * 1024],
        ['anything', 4096],
      ])('names a disk without room for %s', async (_, bytes) => {
        expect(await lineOf(onDisk(bytes))).toBe(
          `The data directory ${directory} cannot be used: no space is left on its disk. Set DATA_DIR to a directory that this user can write to, with 64 MiB free.`,
        );
      });

      it('names a data directory that is not to be written to', async () => {
        const dataDir = join(directory, 'closed');
        mkdirSync(dataDir, { mode: 0o555 });
        expect(await lineOf({ command: UNPRIVILEGED, env: { DATA_DIR: dataDir } })).toMatch(
          `The data directory ${dataDir} cannot be used: this user may not write there.`,
        );
      });

      it('names a data directory that cannot be made', async () => {
        const dataDir = join(directory, 'closed', 'data');
        mkdirSync(join(directory, 'closed'), { mode: 0o555 });
        expect(await lineOf({ command: UNPRIVILEGED, env: { DATA_DIR: dataDir } })).toMatch(
          `The data directory ${dataDir} cannot be used: this user may not write there.`,
        );
      });

      it('names a file in the place of the data directory', async () => {
        const dataDir = join(directory, 'file');
        writeFileSync(dataDir, '');
        expect(await lineOf({ env: { DATA_DIR: dataDir } })).toMatch(
          `The data directory ${dataDir} cannot be used: a file is in its way.`,
        );
      });

      it('names a directory for temporary files that there is not', async () => {
        expect(await lineOf({ firstBoot: true, env: { TMPDIR: join(directory, 'missing') } })).toMatch(
          `needs a directory for its socket in ${join(directory, 'missing')}: it cannot be made there. Set TMPDIR`,
        );
      });
    });
    return;
  }

  describe('on a server', () => {
    const name = `failing_${randomBytes(6).toString('hex')}`;
    const [owner, user] = [`${name}_owner`, `${name}_user`];
    const urlOf = (role: string, password = 'for-this-test', database = name): string => {
      const url = new URL(SERVER_URL!);
      Object.assign(url, { username: role, password, pathname: `/${database}` });
      return url.href;
    };
    const starting = (role: string, env: Record<string, string> = {}): Promise<string> =>
      lineOf({ env: { ...CREDENTIALS, DATABASE_URL: urlOf(role), ...env } });

    beforeAll(() =>
      run(
        SERVER_URL!,
        `CREATE ROLE ${owner} LOGIN PASSWORD 'for-this-test'`,
        `CREATE ROLE ${user} LOGIN PASSWORD 'for-this-test'`,
      ),
    );
    afterAll(() => run(SERVER_URL!, `DROP ROLE ${owner}`, `DROP ROLE ${user}`));
    beforeEach(() => run(SERVER_URL!, `CREATE DATABASE ${name} OWNER ${owner}`));
    afterEach(() => run(SERVER_URL!, `DROP DATABASE ${name} WITH (FORCE)`, `ALTER ROLE ${user} RESET ALL`));

    const served = (role: string): Service => {
      const { ADMIN_TOKEN: adminToken, ENCRYPTION_KEYS: encryptionKeys } = CREDENTIALS;
      return new Service({}, { databaseUrl: urlOf(role), adminToken, encryptionKeys });
    };

    const migrated = async (): Promise<void> => {
      const settings = { DATABASE_URL: urlOf(owner), PATH: process.env['PATH'] ?? '' };
      execFileSync(process.execPath, [MAIN, 'migrate'], { cwd: directory, env: settings, stdio: 'ignore' });
    };

    it('names a password that is wrong, and a database that there is not', async () => {
      expect(await starting(owner, { DATABASE_URL: urlOf(owner, 'wrong') })).toMatch(
        /^The database cannot be reached: .*Check the user and the password in DATABASE_URL\.$/,
      );
      expect(await starting(owner, { DATABASE_URL: urlOf(owner, undefined, `${name}_missing`) })).toMatch(
        /^The database cannot be reached: .*Create it \(CREATE DATABASE\), or name another one in DATABASE_URL\.$/,
      );
    });

    it('names the grant that makes tables possible', async () => {
      await run(
        asSuperuser(name),
        `REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
        `GRANT USAGE ON SCHEMA public TO ${user}`,
      );
      expect(await starting(user)).toBe(
        `The database is empty, and ${user} may create nothing in the schema public. As its owner: GRANT USAGE, CREATE ON SCHEMA public TO ${user}`,
      );
      await run(asSuperuser(name), `GRANT USAGE, CREATE ON SCHEMA public TO ${user}`);
      const service = served(user);
      await service.start();
      await service.stop();
    });

    it('names a schema that the role does not see', async () => {
      await run(SERVER_URL!, `ALTER ROLE ${user} SET search_path = nowhere`);
      expect(await starting(user)).toMatch(/^The role sees no schema: .*GRANT USAGE ON SCHEMA\)\.$/);
    });

    it('names a role that may only read', async () => {
      await run(SERVER_URL!, `ALTER ROLE ${user} SET default_transaction_read_only = on`);
      expect(await starting(user)).toMatch(
        /^Tidings cannot work with these settings of the database: default_transaction_read_only must be off/,
      );
    });

    it('names a statement_timeout that is too small', async () => {
      await run(SERVER_URL!, `ALTER ROLE ${user} SET statement_timeout = '200ms'`);
      expect(await starting(user)).toMatch(
        /^Tidings cannot work with these settings of the database: statement_timeout must be 0 or at least 10s/,
      );
    });

    it('names a table of another application', async () => {
      await run(asSuperuser(name), 'CREATE TABLE webhook (theirs int)');
      expect(await starting(owner)).toMatch(
        /^The database cannot be used: relation "webhook" already exists\. .*a database or a schema of its own \(DATABASE_URL\)\.$/,
      );
    });

    it('names a table of migrations of another application', async () => {
      await run(
        asSuperuser(name),
        'CREATE TABLE schema_migration (version int)',
        `GRANT ALL ON schema_migration TO ${owner}`,
      );
      expect(await starting(owner)).toMatch(/a database or a schema of its own \(DATABASE_URL\)\.$/);
    });

    it('says that an empty schema is to be migrated where a start may not', async () => {
      expect(await starting(owner, { MIGRATE_ON_START: 'false' })).toMatch(
        /^The database is empty, and MIGRATE_ON_START is false\. Run `npm run migrate`/,
      );
    });

    it('names what is not granted to a role that does not own the tables', async () => {
      await migrated();
      await run(asSuperuser(name), `GRANT USAGE ON SCHEMA public TO ${user}`);
      expect(await starting(user)).toMatch(
        /permission denied for table schema_migration\. docs\/operations\.md, "Roles"/,
      );
      await run(urlOf(owner), `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}`);
      expect(await starting(user)).toMatch(
        `may not use the table api_token. As its owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user}.`,
      );
      await run(urlOf(owner), `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user}`);
      expect(await starting(user)).toMatch(
        `may not call drop_day(text,integer). As its owner: GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${user}.`,
      );
    });

    it('names the owner of tables of another version', async () => {
      await migrated();
      await run(
        asSuperuser(name),
        `GRANT USAGE, CREATE ON SCHEMA public TO ${user}`,
        `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${user}`,
        'DELETE FROM schema_migration WHERE id = (SELECT max(id) FROM schema_migration)',
      );
      expect(await starting(user)).toBe(
        `The schema is of another version, and its tables belong to ${owner}, not to ${user}. Let ${owner} migrate (npm run migrate), or give them to ${user}: REASSIGN OWNED BY ${owner} TO ${user}`,
      );
    });

    it('names a table that a restore has given to another owner than the functions', async () => {
      await migrated();
      await run(asSuperuser(name), `ALTER TABLE attempt OWNER TO ${user}`);
      expect(await starting(owner)).toMatch(
        /^\S+ may not use the table attempt|^The table attempt does not belong to the owner/,
      );
    });

    it('names an encryption key that is another one, or missing', async () => {
      const service = served(owner);
      await service.start();
      try {
        const tenant = await service.admin.post<{ id: string }>('/environment', { name: 'story' });
        const { id } = tenant.expect(201);
        (await service.admin.post(`/webhook?environment_id=${id}`, { target_url: 'https://example.com/' })).expect(201);
      } finally {
        await service.stop();
      }
      expect(await starting(owner, { ENCRYPTION_KEYS: `test:${keyOf(8)}` })).toMatch(
        /^ENCRYPTION_KEYS has another key than this database knows as: test\. Give back the key that it had/,
      );
      expect(await starting(owner, { ENCRYPTION_KEYS: `other:${keyOf(8)}` })).toMatch(
        /^ENCRYPTION_KEYS lacks a key that stored signing secrets need: test\. Add it behind the others\.$/,
      );
    });

    it('names a server that is a standby', async () => {
      const server = await startPostgres(18);
      try {
        await server.kill('postmaster');
        await server.restart({ standby: true });
        expect(await lineOf({ env: { ...CREDENTIALS, DATABASE_URL: server.url } })).toBe(
          'The database is a standby, which takes no writes. Let DATABASE_URL name the primary.',
        );
      } finally {
        await server.stop();
      }
    });
  });
});

function asSuperuser(database: string): string {
  const url = new URL(SERVER_URL!);
  url.pathname = `/${database}`;
  return url.href;
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

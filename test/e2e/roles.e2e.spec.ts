import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { MAIN } from '../support/program.js';
import { SERVER_URL, Service } from '../support/process.js';
import { runDirectory } from '../support/run-directory.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

const DAY_MS = 86_400_000;
const today = (): number => Math.floor(Date.now() / DAY_MS);

// Each story starts processes of its own.
jest.setTimeout(300_000);

/** Runs `main.js migrate`. */
async function migrate(env: Record<string, string>): Promise<string> {
  const { PATH = '' } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'migrate'], {
    cwd: runDirectory(),
    env: { PATH, ...env },
  });
  return stdout;
}

if (SERVER_URL === null) {
  describe('the command migrate', () => {
    it('makes the schema and ends; a start that may not migrate finds it', async () => {
      const directory = mkdtempSync(join(runDirectory(), 'migrated-'));
      const service = new Service({ env: { DATA_DIR: directory, MIGRATE_ON_START: 'false' } });
      try {
        const log = await migrate({ DATA_DIR: directory });
        expect(log).toContain('the schema is up to date');
        expect(log).toContain('the database is ready for this version');
        expect(await migrate({ DATA_DIR: directory })).not.toContain('the schema is up to date');
        await service.spawnOnly();
        await until('the service to listen', () => service.logs.includes('listening on'), 90_000);
      } finally {
        await service.stop();
        rmSync(directory, { recursive: true });
      }
    });
  });
} else {
  describe('a role that owns nothing and may create nothing', () => {
    const receivers = useReceivers();
    const suffix = randomBytes(6).toString('hex');
    const [owner, user, database] = [`tidings_owner_${suffix}`, `tidings_${suffix}`, `tidings_db_${suffix}`];
    const urlOf = (role: string | null): string => {
      const url = new URL(SERVER_URL!);
      url.pathname = `/${database}`;
      if (role !== null) Object.assign(url, { username: role, password: 'secret' });
      return url.href;
    };
    let service: Service;

    beforeAll(async () => {
      const [inServer, inDatabase] = grantsOfTheDocs();
      await run(SERVER_URL!, inServer!);
      await run(urlOf(null), inDatabase!);
      await migrate({ DATABASE_URL: urlOf(owner) });
    });
    afterAll(async () => {
      await service?.stop();
      await run(SERVER_URL!, [`DROP DATABASE ${database} WITH (FORCE)`, `DROP ROLE ${owner}`, `DROP ROLE ${user}`]);
    });

    /** The SQL of docs/operations.md, in its order, for the names of this test. */
    function grantsOfTheDocs(): string[][] {
      const page = readFileSync(resolve(import.meta.dirname, '../../docs/operations.md'), 'utf8');
      const section = page.slice(page.indexOf('\n## Roles'), page.indexOf('\n## Stopping'));
      return [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) =>
        sql!
          .replaceAll(/DATABASE tidings\b/g, `DATABASE ${database}`)
          .replaceAll(/'secret-of-[a-z-]+'/g, `'secret'`)
          .replaceAll(/\btidings_owner\b/g, owner)
          .replaceAll(/\btidings\b/g, user)
          .split(';')
          .map((statement) => statement.trim())
          .filter((statement) => statement !== ''),
      );
    }

    async function partitions(): Promise<{ name: string; owner: string }[]> {
      return run(urlOf(null), [
        `SELECT relname AS name, relowner::regrole::text AS owner FROM pg_class WHERE relispartition AND relkind = 'r'`,
      ]) as Promise<{ name: string; owner: string }[]>;
    }

    const nameOf = (table: string, day: number): string =>
      `${table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;

    it('runs Tidings over a change of day: days are made and dropped, as their owner', async () => {
      // As a process finds it that has slept over days: old ones are there, and those to come are not.
      await run(urlOf(owner), [
        `SELECT make_day(log, ${today()} - age) FROM unnest(ARRAY['event', 'delivery', 'attempt']) log, generate_series(2, 33) age`,
        ...[1, 2, 3, 4, 5, 6, 7].map((ahead) => `DROP TABLE ${nameOf('event', today() + ahead)}`),
        ...grantsOfTheDocs().at(-1)!,
      ]);
      const receiver = await receivers.start();
      const secret = randomBytes(32);
      service = new Service(
        {
          env: {
            MIGRATE_ON_START: 'false',
            OPERATOR_WEBHOOK_URL: receiver.url(),
            OPERATOR_WEBHOOK_SECRET: secret.toString('hex'),
          },
        },
        {
          databaseUrl: urlOf(user),
          adminToken: randomBytes(32).toString('hex'),
          encryptionKeys: `k1:${secret.toString('base64')}`,
        },
      );
      await service.start();
      await until('days past their retention to be dropped', async () => {
        const names = new Set((await partitions()).map(({ name }) => name));
        return ['event', 'delivery', 'attempt'].every((table) => !names.has(nameOf(table, today() - 33)));
      });
      const made = await partitions();
      expect(made.map(({ name }) => name)).toContain(nameOf('event', today() + 7));
      expect(new Set(made.map((partition) => partition.owner))).toEqual(new Set([owner]));

      // A day that is missing while it runs is made by who needs it.
      const { client, environmentId } = await service.tenant();
      await run(urlOf(owner), [`DROP TABLE ${nameOf('event', today())}`]);
      const webhook = await client.createWebhook({ target_url: receiver.url('/tenant') });
      const event = await client.publish('record:created');
      await until('the delivery to succeed', async () => {
        const deliveries = await client.deliveries({ webhook_id: webhook.id });
        return deliveries.some(({ event_id: id, status }) => id === event.id && status === 'succeeded');
      });
      (await client.post(`/webhook/${webhook.id}/rotate-secret`, {})).expect(200);
      (await client.post(`/webhook/${webhook.id}/recover`, { since: new Date(0).toISOString() })).expect(202);
      (await client.get(`/webhook/${webhook.id}/stats?window=1h`)).expect(200);
      (await client.delete(`/event/${event.id}`)).expect(200);
      (await service.admin.delete(`/environment/${environmentId}`)).expect(200);
      expect(service.logs).not.toMatch(/permission denied|must be owner|"level":"error"/);
    });

    it('can do no more than that', async () => {
      for (const statement of [
        'CREATE TABLE mine (a int)',
        'DROP TABLE event',
        'ALTER TABLE event ADD COLUMN a int',
        `CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
        'UPDATE audit_entry SET actor = actor',
        `INSERT INTO schema_migration (timestamp, name) VALUES (1, 'mine')`,
      ]) {
        await expect(run(urlOf(user), [statement])).rejects.toThrow(/permission denied|must be owner/);
      }
      for (const [log, day] of [
        ['webhook', today()],
        ['event', -1],
        ['event"; DROP TABLE webhook; --', today()],
      ] as const) {
        await expect(run(urlOf(user), [`SELECT make_day($$${log}$$, ${day})`])).rejects.toThrow(
          'no log has such a day',
        );
      }
      // Nobody else may call them, and a table of the caller's does not stand in for one of ours.
      const rows = await run(urlOf(null), [
        `SELECT proname, proacl::text AS acl, proconfig::text AS config FROM pg_proc WHERE prosecdef AND proowner = '${owner}'::regrole ORDER BY 1`,
      ]);
      expect(rows.map(({ proname }) => proname)).toEqual(['drop_day', 'make_day']);
      for (const { acl, config } of rows) {
        expect(acl).not.toMatch(/[{,]=X/);
        expect(config).toContain('search_path=public, pg_temp');
      }
    });
  });
}

async function run(url: string, statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { openDataSource } from '../../src/database/data-source.js';
import { openDatabase } from '../../src/database/database.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { schema } from '../../src/schema.js';
import { oncePerRun, runDirectory } from './run-directory.js';
import { TYPESCRIPT_WORKER } from './typescript-worker.js';

/** A superuser URL of the server to test on; without one the tests run on the embedded engine. */
const SERVER_URL = process.env['TEST_DATABASE_URL'];
const POOL_SIZE = 5;

/** A fresh, migrated database with partitions for today, for one test file. */
export interface TestDatabase {
  /**
   * On `embedded` all connections share one session: while one has a transaction open, all others wait. Races that
   * need two open transactions at once are for `server`.
   */
  engine: 'embedded' | 'server';
  /** A `postgresql://` URL, good as DATABASE_URL. */
  url: string;
  dataSource: DataSource;
  /** Another pool on the same database, as another replica has; closed with the database. */
  connect(): Promise<DataSource>;
  /** A bare client on the same database; closed with the database. */
  connectClient(): Promise<pg.Client>;
  close(): Promise<void>;
}

/** Takes 0.5–1 s on the embedded engine, less on a server; the first call of a run also makes the template (2–5 s). */
export async function createTestDatabase(): Promise<TestDatabase> {
  return SERVER_URL === undefined ? createEmbedded() : createOnServer(SERVER_URL);
}

/** Fills a data directory as a migrated and cleanly stopped process leaves it, and claims it. */
export async function initialiseDataDirectory(path: string): Promise<DataDirectory> {
  const template = await embeddedTemplate();
  const directory = DataDirectory.claim(path);
  cpSync(join(template, 'postgres'), join(path, 'postgres'), { recursive: true });
  return directory;
}

async function createEmbedded(): Promise<TestDatabase> {
  const path = join(runDirectory(), newName('data'));
  const directory = await initialiseDataDirectory(path);
  const engine = await EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
  return openTestDatabase('embedded', engine.url, async () => {
    await engine.stop();
    directory.release();
    rmSync(path, { recursive: true, force: true });
  });
}

async function createOnServer(serverUrl: string): Promise<TestDatabase> {
  const template = await serverTemplate(serverUrl);
  const name = newName(basename(runDirectory()));
  await administer(serverUrl, `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  return openTestDatabase('server', databaseUrl(serverUrl, name), () =>
    administer(serverUrl, `DROP DATABASE "${name}" WITH (FORCE)`),
  );
}

async function openTestDatabase(
  engine: TestDatabase['engine'],
  url: string,
  remove: () => Promise<void>,
): Promise<TestDatabase> {
  const dataSources: DataSource[] = [];
  const clients: pg.Client[] = [];
  const connect = async (): Promise<DataSource> => {
    const dataSource = await openDataSource({ url, schema, poolSize: POOL_SIZE });
    dataSources.push(dataSource);
    return dataSource;
  };
  return {
    engine,
    url,
    dataSource: await connect(),
    connect,
    connectClient: async () => {
      const client = new pg.Client(url);
      // A test may break its own connection.
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
      await Promise.all(dataSources.filter(({ isInitialized }) => isInitialized).map((source) => source.destroy()));
      await remove();
    },
  };
}

/** A data directory, initialised, migrated and stopped; made once per run. */
async function embeddedTemplate(): Promise<string> {
  const path = join(runDirectory(), 'template');
  await oncePerRun(path, async () => {
    const unfinished = `${path}.unfinished`;
    mkdirSync(unfinished, { mode: 0o700 });
    const initialised = initialisedDataFiles();
    if (existsSync(initialised)) cpSync(initialised, join(unfinished, 'postgres'), { recursive: true });
    else await initialise(unfinished, initialised);
    await withEngine(unfinished, async ({ url }) => (await openDatabase({ url, schema, poolSize: 1 })).destroy());
    renameSync(unfinished, path);
  });
  return path;
}

/** Initialising takes longest and depends on the engine's version alone, so its result is kept from run to run. */
async function initialise(dataDir: string, kept: string): Promise<void> {
  await withEngine(dataDir, () => Promise.resolve());
  const unfinished = `${kept}.${randomBytes(6).toString('hex')}`;
  cpSync(join(dataDir, 'postgres'), unfinished, { recursive: true });
  if (!existsSync(kept)) renameSync(unfinished, kept);
}

async function withEngine(dataDir: string, use: (engine: EmbeddedPostgres) => Promise<void>): Promise<void> {
  const directory = DataDirectory.claim(dataDir);
  const engine = await EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
  try {
    await use(engine);
  } finally {
    await engine.stop();
    directory.release();
  }
}

async function serverTemplate(serverUrl: string): Promise<string> {
  const name = `${basename(runDirectory())}-template`;
  const marker = join(runDirectory(), 'server-template');
  await oncePerRun(marker, async () => {
    await administer(serverUrl, `CREATE DATABASE "${name}"`);
    await (await openDatabase({ url: databaseUrl(serverUrl, name), schema, poolSize: 1 })).destroy();
    mkdirSync(marker);
  });
  return name;
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function initialisedDataFiles(): string {
  const modules = new URL('../../node_modules/', import.meta.url).pathname;
  const { version } = JSON.parse(readFileSync(join(modules, '@electric-sql/pglite/package.json'), 'utf8')) as {
    version: string;
  };
  return join(modules, `.cache/tidings-test/pglite-${version}`);
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function newName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

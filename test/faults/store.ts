import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import type { PostgresServer } from '../../scripts/postgres-server.mjs';
import { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { initialiseDataDirectory } from '../support/database.js';
import { TYPESCRIPT_WORKER } from '../support/typescript-worker.js';

/** Where Tidings keeps its data in a case, and how the program looks into it beside Tidings. */
export interface Store {
  engine: 'embedded' | 'server';
  /** The settings by which Tidings finds it. */
  env: Record<string, string>;
  /** On the embedded engine only while no Tidings runs: it admits one process. */
  query<Row extends object>(statement: string, parameters?: unknown[]): Promise<Row[]>;
}

/** An initialised data directory, as a process that was stopped leaves it. */
export async function openEmbeddedStore(directory: string): Promise<Store> {
  const dataDir = join(directory, 'data');
  (await initialiseDataDirectory(dataDir)).release();
  return {
    engine: 'embedded',
    env: { DATA_DIR: dataDir },
    query: async (statement, parameters) => {
      const claim = DataDirectory.claim(dataDir);
      const engine = await EmbeddedPostgres.start(claim, { worker: TYPESCRIPT_WORKER });
      try {
        return await queryOnce(engine.url, statement, parameters);
      } finally {
        await engine.stop();
        claim.release();
      }
    },
  };
}

/** A new database of a server. */
export async function openServerStore(server: PostgresServer): Promise<Store> {
  const name = `case_${randomBytes(6).toString('hex')}`;
  await queryOnce(server.url, `CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    engine: 'server',
    env: { DATABASE_URL: url.href },
    query: (statement, parameters) => queryOnce(url.href, statement, parameters),
  };
}

/** Settings that replicas share, made anew for each case. */
export function newCredentials(): { ADMIN_TOKEN: string; ENCRYPTION_KEYS: string } {
  return {
    ADMIN_TOKEN: randomBytes(32).toString('hex'),
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  };
}

/** On a connection of its own: cases end connections and servers. */
async function queryOnce<Row extends object>(
  url: string,
  statement: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(url);
  // A server that is killed in the middle says so to the query; there is nobody else to tell.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(statement, parameters)).rows;
  } finally {
    await client.end();
  }
}

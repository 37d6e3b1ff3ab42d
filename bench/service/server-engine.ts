import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { cpuMicrosOfFamily, nameOf, parentOf } from '../measures/processes.js';
import type { Engine, Storage } from './engine.js';

/** Every storage is a database of its own on the server. */
export class ServerEngine implements Engine {
  readonly name = 'server';

  /** @param url a superuser's. */
  constructor(
    private readonly url: string,
    private readonly directory: string,
  ) {}

  async makeStorage(): Promise<Storage> {
    const name = `tidings_bench_${randomBytes(6).toString('hex')}`;
    await this.administer(`CREATE DATABASE ${name}`);
    const databaseUrl = new URL(this.url);
    databaseUrl.pathname = `/${name}`;
    const connect = (): Promise<pg.Client> => connected(databaseUrl.href);
    const postmaster = await this.localPostmaster();
    const dataDir = join(this.directory, name);
    mkdirSync(dataDir);
    return {
      env: { DATABASE_URL: databaseUrl.href, DATA_DIR: dataDir },
      isShared: true,
      connect,
      connectAlone: async () => {
        const client = await connect();
        return { client, url: databaseUrl.href, close: () => client.end() };
      },
      cpuMicros: () => postmaster && cpuMicrosOfFamily(postmaster),
      remove: () => this.administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
    };
  }

  /** The server's first process, if it is on this machine. */
  private async localPostmaster(): Promise<number | null> {
    const client = await connected(this.url);
    try {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const { pid } = rows[0]!;
      return nameOf(pid)?.startsWith('postgres') ? parentOf(pid) : null;
    } finally {
      await client.end();
    }
  }

  private async administer(statement: string): Promise<void> {
    const client = await connected(this.url);
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // The database is dropped under connections that a failed run left open.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

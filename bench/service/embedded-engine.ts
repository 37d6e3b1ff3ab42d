import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { TYPESCRIPT_WORKER } from '../../test/support/typescript-worker.js';
import type { Engine, LoneConnection, Storage } from './engine.js';

/** PostgreSQL inside the service: every storage is a copy of an initialised data directory. */
export class EmbeddedEngine implements Engine {
  readonly name = 'embedded';
  private template: Promise<string> | null = null;

  constructor(private readonly directory: string) {}

  async makeStorage(): Promise<Storage> {
    this.template ??= this.initialise();
    const dataDir = join(this.directory, `data-${randomBytes(6).toString('hex')}`);
    cpSync(await this.template, dataDir, { recursive: true });
    return {
      env: { DATA_DIR: dataDir },
      isShared: false,
      connect: () => connected(socketDirectoryOf(dataDir)!),
      connectAlone: () => connectAlone(dataDir),
      cpuMicros: () => null,
      remove: async () => {
        // A killed service leaves it behind.
        const socketDirectory = socketDirectoryOf(dataDir);
        for (const path of [socketDirectory, dataDir]) if (path) rmSync(path, { recursive: true, force: true });
      },
    };
  }

  /** Initialising takes 850 MB, which would count as the service's, and seconds. */
  private async initialise(): Promise<string> {
    const path = join(this.directory, 'template');
    const { close } = await connectAlone(path);
    await close();
    return path;
  }
}

/** From the engine's own note; null: no engine runs. */
function socketDirectoryOf(dataDir: string): string | null {
  const note = join(dataDir, 'socket-directory');
  return existsSync(note) ? readFileSync(note, 'utf8') : null;
}

async function connectAlone(dataDir: string): Promise<LoneConnection> {
  const directory = DataDirectory.claim(dataDir);
  const engine = await EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
  const client = new pg.Client({ connectionString: engine.url });
  await client.connect();
  return {
    client,
    url: engine.url,
    close: async () => {
      await client.end();
      await engine.stop();
      directory.release();
    },
  };
}

/** All connections share the engine's one session, so one more only takes the time of its statements. */
async function connected(socketDirectory: string): Promise<pg.Client> {
  const client = new pg.Client({ host: socketDirectory, user: 'postgres', database: 'postgres' });
  // The service ends with its engine.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

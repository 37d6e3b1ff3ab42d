import { jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataDirectory, DataDirectoryInUseError } from '../../src/database/embedded/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { initialiseDataDirectory } from '../support/database.js';
import { TYPESCRIPT_ARGUMENTS, TYPESCRIPT_WORKER } from '../support/typescript-worker.js';

const ENGINE_PROCESS = new URL('../support/engine-process.ts', import.meta.url).pathname;

// Each process that it starts compiles the engine.
jest.setTimeout(180_000);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidings-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('DataDirectory', () => {
  it('belongs to one process; another one changes nothing in it and is told which directory it is', async () => {
    const dataDir = await initialisedDataDir();
    const owner = await EngineProcess.start(dataDir);
    const files = readdirSync(dataDir).sort();
    expect(() => DataDirectory.claim(dataDir)).toThrow(DataDirectoryInUseError);
    expect(() => DataDirectory.claim(dataDir)).toThrow(`data directory ${dataDir} is in use`);
    expect(readdirSync(dataDir).sort()).toEqual(files);
    await owner.kill();
  });

  it('is free again as soon as its process was killed', async () => {
    const dataDir = await initialisedDataDir();
    await (await EngineProcess.start(dataDir)).kill();
    DataDirectory.claim(dataDir).release();
  });

  it('is one claim for the whole process', () => {
    const claim = DataDirectory.claim(root);
    expect(DataDirectory.claim(root)).toBe(claim);
    claim.release();
    const later = DataDirectory.claim(root);
    expect(later).not.toBe(claim);
    later.release();
  });

  it('is closed to other users', () => {
    const dataDir = join(root, 'data');
    mkdirSync(dataDir, { mode: 0o755 });
    DataDirectory.claim(dataDir).release();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });
});

describe('EmbeddedPostgres', () => {
  it('keeps what it acknowledged when its process is killed while writing', async () => {
    const dataDir = await initialisedDataDir();
    let acknowledged = 0;
    for (let kill = 0; kill < 3; kill++) {
      const engine = await EngineProcess.start(dataDir);
      const client = await engine.connect();
      await client.query('CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY)');
      const writing = (async (): Promise<void> => {
        for (;;) {
          await client.query('INSERT INTO kept VALUES ($1)', [acknowledged + 1]);
          acknowledged++;
        }
      })();
      const target = acknowledged + 200;
      while (acknowledged < target) await sleep(5);
      await engine.kill();
      await expect(writing).rejects.toThrow();
      // The row that was being written may be there without its acknowledgement.
      const found = await countKept(dataDir);
      expect(found - acknowledged).toBeGreaterThanOrEqual(0);
      expect(found - acknowledged).toBeLessThanOrEqual(1);
      acknowledged = found;
    }
  });

  it('starts after it was killed while it made its data files', async () => {
    const dataDir = join(root, 'data');
    const unfinished = join(dataDir, 'postgres.unfinished');
    const initialising = new EngineProcess(dataDir);
    while (!existsSync(join(unfinished, 'base'))) await sleep(5);
    await initialising.kill();
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);

    const engine = await EngineProcess.start(dataDir);
    const client = await engine.connect();
    await expect(client.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
    expect(existsSync(unfinished)).toBe(false);
    await client.end();
    await engine.kill();
  });

  it('serves a socket that no other user can reach, and leaves nothing of it behind', async () => {
    const directory = await initialiseDataDirectory(join(root, 'data'));
    const engine = await EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
    const socketDirectory = new URL(engine.url).searchParams.get('host')!;
    expect(statSync(socketDirectory).mode & 0o777).toBe(0o700);
    await engine.stop();
    expect(existsSync(socketDirectory)).toBe(false);
    directory.release();
  });

  it('is started once for a directory, and anew after it was stopped', async () => {
    const directory = await initialiseDataDirectory(join(root, 'data'));
    const start = (): Promise<EmbeddedPostgres> => EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
    const [engine, same] = await Promise.all([start(), start()]);
    expect(same).toBe(engine);
    await engine.stop();
    const later = await start();
    expect(later).not.toBe(engine);
    await later.stop();
    directory.release();
  });

  it('removes the socket of a process that was killed', async () => {
    const dataDir = await initialisedDataDir();
    const killed = await EngineProcess.start(dataDir);
    const left = new URL(killed.url).searchParams.get('host')!;
    await killed.kill();
    expect(existsSync(left)).toBe(true);
    await (await EngineProcess.start(dataDir)).kill();
    expect(existsSync(left)).toBe(false);
  });

  it('refuses a socket path that the system would cut off', async () => {
    const deep = join(
      root,
      'a-directory-for-temporary-files-with-a-name-that-is-longer-than-anyone-should-need'.repeat(2),
    );
    mkdirSync(deep);
    const directory = await initialiseDataDirectory(join(root, 'data'));
    const starting = EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER, temporaryDirectory: deep });
    await expect(starting).rejects.toThrow(
      /socket path would have \d+ bytes, and 107 are possible: .* Set TMPDIR to a shorter directory/,
    );
    expect(readdirSync(deep)).toEqual([]);
    directory.release();
  });

  it('says so when its data files cannot be opened', async () => {
    const dataDir = join(root, 'data');
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    const directory = DataDirectory.claim(dataDir);
    mkdirSync(join(dataDir, 'postgres', 'PG_VERSION'));
    await expect(EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER })).rejects.toThrow(
      'The embedded PostgreSQL could not be started',
    );
    directory.release();
  });

  it('reports a crash of its worker once', async () => {
    const directory = await initialiseDataDirectory(join(root, 'data'));
    const crashes: Error[] = [];
    const engine = await EmbeddedPostgres.start(directory, {
      worker: TYPESCRIPT_WORKER,
      onCrash: (error) => crashes.push(error),
    });
    const { worker } = engine as unknown as { worker: { terminate(): Promise<number> } };
    await worker.terminate();
    expect(crashes.map(({ message }) => message)).toEqual([
      'The embedded PostgreSQL stopped unexpectedly; start again, its data is kept.',
    ]);
    await engine.stop();
    directory.release();
  });
});

async function initialisedDataDir(): Promise<string> {
  const directory = await initialiseDataDirectory(join(root, 'data'));
  directory.release();
  return directory.path;
}

async function countKept(dataDir: string): Promise<number> {
  const engine = await EngineProcess.start(dataDir);
  const client = await engine.connect();
  const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM kept');
  await client.end();
  await engine.kill();
  return rows[0]!.n;
}

/** An engine in a process of its own, to be killed. */
class EngineProcess {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';

  constructor(dataDir: string) {
    this.#process = spawn(process.execPath, [...TYPESCRIPT_ARGUMENTS, ENGINE_PROCESS, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process.stdout!.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#exited = once(this.#process, 'exit');
  }

  static async start(dataDir: string): Promise<EngineProcess> {
    const engine = new EngineProcess(dataDir);
    while (!engine.#output.includes('\n')) {
      if (engine.#process.exitCode !== null) throw new Error(`the engine's process ended: ${engine.#output}`);
      await sleep(5);
    }
    return engine;
  }

  get url(): string {
    return this.#output.trim();
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.url);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}

import { existsSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { DataDirectory } from './data-directory.js';
import type { EmbeddedPostgresReport, EmbeddedPostgresWork } from './embedded-postgres.worker.js';

/** `sun_path` holds 108 bytes with the final NUL; Node cuts a longer path off silently, and two engines could meet there. */
const MAX_SOCKET_PATH_BYTES = 107;
const SOCKET_NAME = '.s.PGSQL.5432';
/** Clients ask to end and are then cut off; the engine itself closes within milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

export interface EmbeddedPostgresOptions {
  /** Where the socket's directory is made. Default: the system's. */
  temporaryDirectory?: string;
  /** Called once if the engine ends without being asked to. Default: throw, which ends the process. */
  onCrash?: (error: Error) => void;
  /** How to start the worker: tests run it from its TypeScript source. */
  worker?: { url: URL; options: WorkerOptions };
}

const engines = new WeakMap<DataDirectory, Promise<EmbeddedPostgres>>();

/**
 * PostgreSQL compiled to WebAssembly in a worker thread, its files in `<data directory>/postgres`, spoken to over a
 * Unix socket like any other server.
 *
 * All connections share one session, as behind PgBouncer in transaction mode: docs/architecture.md, "Two engines".
 * It survives SIGKILL but, without fsync, not a power cut.
 */
export class EmbeddedPostgres {
  #isStopping = false;

  private constructor(
    private readonly worker: Worker,
    private readonly socketDirectory: SocketDirectory,
    private readonly ended: () => void,
    onCrash: (error: Error) => void,
  ) {
    const crash = (cause: unknown): void => {
      if (this.#isStopping) return;
      this.#isStopping = true;
      this.socketDirectory.remove();
      this.ended();
      onCrash(new Error('The embedded PostgreSQL stopped unexpectedly; start again, its data is kept.', { cause }));
    };
    worker.once('error', crash);
    worker.once('exit', (code) => crash(new Error(`its worker ended with code ${code}`)));
  }

  /**
   * Starts the engine of the directory; while it runs, asking again gives the same one. So main can have it boot in its
   * thread while its own still loads the application that will ask for it.
   *
   * First boot of a directory takes 3–4 s, later ones 0.4 s.
   *
   * @param directory claimed by this process.
   * @throws when the socket path would be too long or the files cannot be opened.
   */
  static start(directory: DataDirectory, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const running = engines.get(directory);
    if (running) return running;
    const starting = EmbeddedPostgres.#start(directory, options);
    engines.set(directory, starting);
    // Whoever awaits it is told; nobody may be awaiting it yet.
    starting.catch(() => engines.delete(directory));
    return starting;
  }

  static async #start(directory: DataDirectory, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const worker = options.worker ?? { url: new URL('./embedded-postgres.worker.js', import.meta.url), options: {} };
    const startWorker = (work: EmbeddedPostgresWork): Worker =>
      new Worker(worker.url, { ...worker.options, name: 'embedded-postgres', workerData: work });

    const dataPath = join(directory.path, 'postgres');
    if (!existsSync(dataPath)) await initialise(dataPath, startWorker);

    const socketDirectory = SocketDirectory.make(directory, options.temporaryDirectory ?? tmpdir());
    try {
      const running = startWorker({ dataPath, socketPath: socketDirectory.socketPath });
      await reported(running, 'ready');
      const ended = (): boolean => engines.delete(directory);
      return new EmbeddedPostgres(running, socketDirectory, ended, options.onCrash ?? throwIt);
    } catch (error) {
      socketDirectory.remove();
      throw error;
    }
  }

  /** Where `pg` finds the engine. The names in it are ignored: there is one user and one database. */
  get url(): string {
    return `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(dirname(this.socketDirectory.socketPath))}`;
  }

  /** Checkpoints and closes the files. Close the pool before; connections still open are cut off. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const exited = new Promise((resolve) => this.worker.once('exit', resolve));
    this.worker.postMessage('stop');
    const deadline = setTimeout(() => void this.worker.terminate(), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(deadline);
    this.socketDirectory.remove();
    this.ended();
  }
}

/**
 * Makes the data files beside their place and moves them there when whole, so that a process killed in the middle
 * leaves nothing that a later start would take for a database.
 *
 * In a worker of its own: the memory that initialising takes cannot be given back (850 MB for the process if the same
 * worker goes on to serve, 410 MB so).
 */
async function initialise(dataPath: string, startWorker: (work: EmbeddedPostgresWork) => Worker): Promise<void> {
  const unfinishedPath = `${dataPath}.unfinished`;
  rmSync(unfinishedPath, { recursive: true, force: true });
  const worker = startWorker({ dataPath: unfinishedPath, socketPath: null });
  await reported(worker, 'stopped');
  await worker.terminate();
  renameSync(unfinishedPath, dataPath);
}

async function reported(worker: Worker, expected: EmbeddedPostgresReport): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new Error('The embedded PostgreSQL could not be started.', { cause }));
    const exit = (code: number): void => fail(new Error(`its worker ended with code ${code}`));
    worker.once('error', fail);
    worker.once('exit', exit);
    worker.once('message', (message: EmbeddedPostgresReport) => {
      worker.off('error', fail);
      worker.off('exit', exit);
      if (message === expected) resolve();
      else fail(new Error(`it reported "${message}" instead of "${expected}"`));
    });
  });
}

function throwIt(error: Error): never {
  throw error;
}

/** A fresh directory for the engine's socket that only this user can enter: whoever can connect is superuser. */
class SocketDirectory {
  private constructor(
    readonly path: string,
    private readonly notePath: string,
  ) {}

  get socketPath(): string {
    return join(this.path, SOCKET_NAME);
  }

  static make(directory: DataDirectory, temporaryDirectory: string): SocketDirectory {
    // A killed process leaves its socket behind. The note tells where, and the claim tells that nobody uses it.
    const notePath = join(directory.path, 'socket-directory');
    const prefix = join(temporaryDirectory, 'tidings-');
    if (existsSync(notePath)) {
      const left = readFileSync(notePath, 'utf8');
      if (left.startsWith(prefix)) new SocketDirectory(left, notePath).remove();
    }

    const made = new SocketDirectory(mkdtempSync(prefix), notePath);
    const bytes = Buffer.byteLength(made.socketPath);
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      made.remove();
      throw new Error(
        `The embedded PostgreSQL's socket path would have ${bytes} bytes, and ${MAX_SOCKET_PATH_BYTES} are possible: ` +
          `${made.socketPath}. Set TMPDIR to a shorter directory.`,
      );
    }
    writeFileSync(notePath, made.path, { mode: 0o600 });
    return made;
  }

  remove(): void {
    rmSync(this.socketPath, { force: true });
    rmSync(this.notePath, { force: true });
    try {
      rmdirSync(this.path);
    } catch {
      // Already gone, or it holds something that is not ours to delete.
    }
  }
}

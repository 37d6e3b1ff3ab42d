import { existsSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { OperatorError } from '../../common/operator-error.js';
import type { DataDirectory } from './data-directory.js';
import type { EmbeddedPostgresReport, EmbeddedPostgresWork } from './embedded-postgres.worker.js';
import { asDataDirectoryError, asSocketDirectoryError, findWriteTrouble } from './write-trouble.js';

/**
 * `sun_path` holds 108 bytes with the final NUL. Node silently cuts off a longer path, so two engines could share one.
 */
const MAX_SOCKET_PATH_BYTES = 107;
const SOCKET_NAME = '.s.PGSQL.5432';
/** For clients to end; the engine itself closes within milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

export interface EmbeddedPostgresOptions {
  temporaryDirectory?: string;
  /** Called once if the engine ends unexpectedly. Default: throw, which ends the process. */
  onCrash?: (error: Error) => void;
  /** Tests run the worker from its TypeScript source. */
  worker?: { url: URL; options: WorkerOptions };
}

const engines = new WeakMap<DataDirectory, Promise<EmbeddedPostgres>>();

/**
 * PostgreSQL compiled to WebAssembly in a worker thread, with its files in `<data directory>/postgres` and a Unix
 * socket for clients. All connections share one session: docs/architecture.md, "Two engines". It survives SIGKILL but,
 * without fsync, not a power cut.
 */
export class EmbeddedPostgres {
  private isStopping = false;

  private constructor(
    private readonly worker: Worker,
    private readonly socketDirectory: SocketDirectory,
    private readonly ended: () => void,
    onCrash: (error: Error) => void,
  ) {
    const crash = (cause: unknown): void => {
      if (this.isStopping) return;
      this.isStopping = true;
      this.socketDirectory.remove();
      this.ended();
      onCrash(new Error('The embedded PostgreSQL stopped unexpectedly; start again, its data is kept.', { cause }));
    };
    worker.once('error', crash);
    worker.once('exit', (code) => crash(new Error(`its worker ended with code ${code}`)));
  }

  /**
   * While the engine runs, a second call returns the same one: main starts it while the application still loads. The
   * first boot of a directory takes 3–4 s, later ones 0.4 s.
   *
   * @param directory claimed by this process.
   * @throws when the socket path would be too long or the files cannot be opened.
   */
  static start(directory: DataDirectory, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const running = engines.get(directory);
    if (running) return running;
    const starting = EmbeddedPostgres.boot(directory, options);
    engines.set(directory, starting);
    // Whoever awaits it gets the error; perhaps nobody awaits it yet.
    starting.catch(() => engines.delete(directory));
    return starting;
  }

  private static async boot(directory: DataDirectory, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const worker = options.worker ?? { url: new URL('./embedded-postgres.worker.js', import.meta.url), options: {} };
    const startWorker = (work: EmbeddedPostgresWork): Worker =>
      new Worker(worker.url, { ...worker.options, name: 'embedded-postgres', workerData: work });

    const dataPath = join(directory.path, 'postgres');
    try {
      if (!existsSync(dataPath)) await initialise(dataPath, startWorker);
    } catch (error) {
      throw findWriteTrouble(directory.path) ?? error;
    }

    const socketDirectory = SocketDirectory.make(directory, options.temporaryDirectory ?? tmpdir());
    try {
      const running = startWorker({ dataPath, socketPath: socketDirectory.socketPath });
      await reported(running, 'ready');
      const ended = (): boolean => engines.delete(directory);
      return new EmbeddedPostgres(running, socketDirectory, ended, options.onCrash ?? throwIt);
    } catch (error) {
      socketDirectory.remove();
      throw findWriteTrouble(directory.path) ?? error;
    }
  }

  /** pg ignores the names in it: there is one user and one database. */
  get url(): string {
    return `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(dirname(this.socketDirectory.socketPath))}`;
  }

  /** Checkpoints and closes the files. Close the pool first: open connections are cut off. */
  async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
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
 * Makes the data files elsewhere and moves them when complete, so a killed process leaves nothing that looks like a
 * database. The worker is a separate one because its memory cannot be given back: 850 MB for the process with the same
 * worker, 410 MB so.
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

function makeDirectory(prefix: string): string {
  try {
    return mkdtempSync(prefix);
  } catch (error) {
    throw asSocketDirectoryError(error, dirname(prefix));
  }
}

function throwIt(error: Error): never {
  throw error;
}

/** Only this user can enter: whoever can connect is superuser. */
class SocketDirectory {
  private constructor(
    readonly path: string,
    private readonly notePath: string,
  ) {}

  get socketPath(): string {
    return join(this.path, SOCKET_NAME);
  }

  static make(directory: DataDirectory, temporaryDirectory: string): SocketDirectory {
    // A killed process leaves its socket behind. The note says where it is, and our claim proves that nobody uses it.
    const notePath = join(directory.path, 'socket-directory');
    const prefix = join(temporaryDirectory, 'tidings-');
    if (existsSync(notePath)) {
      const left = readFileSync(notePath, 'utf8');
      if (left.startsWith(prefix)) new SocketDirectory(left, notePath).remove();
    }

    const made = new SocketDirectory(makeDirectory(prefix), notePath);
    const bytes = Buffer.byteLength(made.socketPath);
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      made.remove();
      throw new OperatorError(
        `The embedded PostgreSQL's socket path would have ${bytes} bytes, and ${MAX_SOCKET_PATH_BYTES} are possible: ` +
          `${made.socketPath}. Set TMPDIR to a shorter directory.`,
      );
    }
    try {
      writeFileSync(notePath, made.path, { mode: 0o600 });
    } catch (error) {
      made.remove();
      throw asDataDirectoryError(error, directory.path);
    }
    return made;
  }

  remove(): void {
    rmSync(this.socketPath, { force: true });
    rmSync(this.notePath, { force: true });
    try {
      rmdirSync(this.path);
    } catch {
      // It is already gone, or it holds something that is not ours to delete.
    }
  }
}

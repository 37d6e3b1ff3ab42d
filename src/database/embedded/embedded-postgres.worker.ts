import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { SessionServer } from './session-server.js';

/** Without a socket path, the worker makes the data files and ends. */
export interface EmbeddedPostgresWork {
  dataPath: string;
  socketPath: string | null;
}

export type EmbeddedPostgresReport = 'ready' | 'stopped';

/**
 * Do not fill a new segment of the log (16 MiB) with zeros: nothing is flushed here, and they doubled what was written.
 */
const START_PARAMETERS = [...PGlite.defaultStartParams, '-c', 'wal_init_zero=off'];

const STARTUP_MESSAGE = ((): Buffer => {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0client_encoding\0UTF8\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(196608, 4);
  return Buffer.concat([head, parameters]);
})();

async function work({ dataPath, socketPath }: EmbeddedPostgresWork): Promise<void> {
  const parent = parentPort!;
  const report = (message: EmbeddedPostgresReport): void => parent.postMessage(message);
  const engine = await PGlite.create({ dataDir: dataPath, startParams: START_PARAMETERS });
  if (socketPath === null) {
    await engine.close();
    report('stopped');
    return;
  }

  const run = (messages: Uint8Array, onAnswer: (bytes: Uint8Array) => void): Promise<void> =>
    engine.execProtocolRawStream(messages, { onRawData: onAnswer });
  const greeting: Buffer[] = [];
  await run(STARTUP_MESSAGE, (bytes) => greeting.push(Buffer.from(bytes)));

  const server = new SessionServer(
    { run, isInTransaction: () => engine.isInTransaction() },
    Buffer.concat(greeting),
    throwOutside,
  );
  await server.listen(socketPath);
  parent.once('message', () => {
    server
      .close()
      .then(() => engine.close())
      .then(() => {
        report('stopped');
        parent.close();
      })
      .catch(throwOutside);
  });
  report('ready');
}

/** As an error event of the worker, not as a rejection that nobody sees. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

await work(workerData as EmbeddedPostgresWork);

import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { OperatorError } from './common/operator-error.js';
import { ONE_SIGNAL_MS, STOP_SIGNALS } from './common/stop-signals.js';
import type { Config } from './config/config.js';
import { sweepCredentials } from './config/credential-file.js';
import { CREDENTIAL_FILES, resolveCredentials, type ResolvedConfig } from './config/first-boot.js';
import { DataDirectory } from './database/embedded/data-directory.js';
import { EmbeddedPostgres } from './database/embedded/embedded-postgres.js';
import { asDataDirectoryError } from './database/embedded/write-trouble.js';
import { exitOnFault } from './fault.js';
import { ShutdownState } from './http/shutdown-state.js';
import { StartingServer } from './http/starting-server.js';
import type { PinoLogger } from './observability/logger.js';
import { closeOnSignal } from './shutdown.js';
import { welcome } from './welcome.js';
import type { Placement } from './workers/placement.js';
import { WorkerProcess } from './workers/worker-process.js';

/**
 * V8 collects garbage when the heap has grown this far beyond its live objects. By default the heap trebles: events
 * under delivery live just long enough to look permanent, and it was 323 MB under full load instead of 195, at the same
 * speed.
 */
const HEAP_GROWTH_PERCENT = 50;

/**
 * V8 collects young objects with several threads by default. Most are dead by then, so what little there is to copy costs more
 * to share than to do; and the database needs the other core.
 */
const YOUNG_COLLECTOR = '--no-parallel-scavenge';

/** Lets a signal end the work before the application exists: the wait for the database, and its migration. */
const stopping = new AbortController();

/** @param placement which of several workers this process is; null: it is the only one. */
export async function serve(config: Config, logger: PinoLogger, placement: Placement | null): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  setFlagsFromString(YOUNG_COLLECTOR);
  Logger.overrideLogger(logger);
  const worker = placement && new WorkerProcess(placement);
  const starting = start(config, logger, worker);
  const { shutdownDelayMs: delayMs, shutdownTimeoutMs: timeoutMs } = config;
  const close = closeOnSignal(
    async () => {
      stopping.abort();
      // A failed start has closed what it opened.
      const app = await starting.catch(() => null);
      if (!app) return;
      const leftAtMs = performance.now();
      if (worker) {
        app.get(ShutdownState).leave();
        // The socket is the others', too: what is opened from now on is theirs.
        if (await worker.leave()) {
          app.getHttpServer().close();
          return app.close();
        }
      }
      // Without a delay it stops serving in the moment in which it says so. A worker may have said so for a second by now.
      const restMs = delayMs - (performance.now() - leftAtMs);
      if (restMs > 0) {
        app.get(ShutdownState).leave();
        await sleep(restMs);
      }
      await app.close();
    },
    { delayMs: worker ? Math.max(delayMs, ONE_SIGNAL_MS) : delayMs, timeoutMs },
  );
  worker?.onStop(close);
  await starting.catch((error: unknown) => {
    // After a stop the result of the start does not matter.
    if (!stopping.signal.aborted) throw error;
  });
}

async function start(
  settings: Config,
  logger: PinoLogger,
  worker: WorkerProcess | null,
): Promise<NestFastifyApplication> {
  // Beside workers that serve, nobody needs to be told that this one starts.
  const startingServer =
    worker === null || worker.isAlone ? await StartingServer.listen(settings.port, settings.host) : null;
  let engine: Promise<EmbeddedPostgres> | null = null;
  try {
    // The engine and the loading of the application take about as long, each in its own thread.
    engine = startEngine(settings);
    const config = await credentialsOf(settings);
    const loading = Promise.all([import('./app.module.js'), import('./app.setup.js')]);
    loading.catch(() => undefined);
    await prepare(config, engine, config.migrateOnStart);
    worker?.tellPrepared();
    const [{ AppModule }, { createApp }] = await loading;
    const siblings = worker?.siblings;
    const app = await createApp(config, AppModule.forRoot(config), { logger, ...(siblings && { siblings }) });
    exitOnFault();
    const port = startingServer?.address.port ?? config.port;
    await app.listen(startingServer?.handOver() ?? { host: config.host, port: config.port });
    worker?.tellServing();
    new Logger('Tidings').log(`listening on ${await app.getUrl()}`);
    if (!config.isProduction && config.databaseUrl === null)
      process.stdout.write(welcome(config.dataDir, String(port)));
    return app;
  } catch (error) {
    await startingServer?.close();
    await (await engine?.catch(() => null))?.stop();
    throw error;
  }
}

/** `main.js migrate`: makes the schema and partitions, as the role that owns them. */
export async function migrate(config: Config, logger: PinoLogger): Promise<void> {
  Logger.overrideLogger(logger);
  for (const signal of STOP_SIGNALS) process.once(signal, () => stopping.abort());
  const engine = startEngine(config);
  try {
    await prepare(config, engine, true);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    throw new OperatorError('The migration was stopped; nothing was changed.', { cause: error });
  } finally {
    await (await engine)?.stop();
  }
  new Logger('Tidings').log('the database is ready for this version');
}

function startEngine({ databaseUrl, dataDir }: Config): Promise<EmbeddedPostgres> | null {
  if (databaseUrl !== null) return null;
  // Before the first file is made: a second process must not touch the files of another.
  const engine = EmbeddedPostgres.start(DataDirectory.claim(dataDir));
  engine.catch(() => undefined);
  return engine;
}

async function credentialsOf(config: Config): Promise<ResolvedConfig> {
  try {
    if (config.databaseUrl === null) await sweepCredentials(config.dataDir, Object.values(CREDENTIAL_FILES));
    return await resolveCredentials(config);
  } catch (error) {
    throw asDataDirectoryError(error, config.dataDir);
  }
}

async function prepare(
  { databaseUrl, databaseWaitMs: waitMs }: Config,
  engine: Promise<EmbeddedPostgres> | null,
  mayMigrate: boolean,
): Promise<void> {
  const [{ prepareDatabase }, { schema }] = await Promise.all([
    import('./database/prepare-database.js'),
    import('./schema.js'),
  ]);
  if (engine) await prepareDatabase({ url: (await engine).url, schema, isEmbedded: true, mayMigrate });
  else await prepareDatabase({ url: databaseUrl!, schema, mayMigrate, waitMs, signal: stopping.signal });
}

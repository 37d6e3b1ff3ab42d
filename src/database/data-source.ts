import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { DatabaseSettingsError } from '../common/database-trouble.js';
import { OperatorError } from '../common/operator-error.js';
import { clientConfigOf } from './client-config.js';
import { DatabaseUnreachableError } from './database-unreachable-error.js';
import { DeadlineClient } from './deadline-client.js';
import type { FeatureSchema } from './feature-schema.js';
import { MIGRATIONS_TABLE } from './migrator.js';
import { SessionCheck } from './session-settings.js';
import { typeParsers } from './type-parsers.js';

export interface DatabasePatience {
  /** For a new connection, or a free one of the pool. */
  connectionMs: number;
  /**
   * After it, the connection is dropped; null: no limit. It uses the client's clock: a pooler in transaction mode
   * refuses `statement_timeout`, and the embedded engine never fires it.
   */
  statementMs: number | null;
}

/**
 * For events and deliveries, where nobody waits for a single statement. The largest (64 MiB of events) needs less than
 * half of it on a slow disk.
 */
export const PIPELINE_PATIENCE: DatabasePatience = { connectionMs: 2_000, statementMs: 10_000 };

/** Callers of requests must get a 503 within 2 s, whatever the database does. */
export const REQUEST_PATIENCE: DatabasePatience = { connectionMs: 600, statementMs: 1_000 };

/** Opening a pool is retried this long. At a start the machine is busy, and nobody waits for an answer yet. */
const OPENING_MS = 5_000;

const MIN_SERVER_VERSION_NUM = 140_000;

export class DatabaseTooOldError extends OperatorError {
  constructor(version: string) {
    super(`The database is PostgreSQL ${version}. Tidings needs PostgreSQL 14 or newer.`);
  }
}

/** For token look-ups: each request waits for one before its own work begins. */
export const ACCESS_PATIENCE: DatabasePatience = { connectionMs: 500, statementMs: 500 };

export interface DataSourceSettings {
  url: string;
  poolSize: number;
  schema: FeatureSchema;
  /** Idle connections that broke are replaced. Without a listener pg would end the process. */
  onIdleConnectionError?: (error: Error) => void;
  /** Called for each statement that fails, and each connection that cannot be opened. */
  onFailure?: (error: Error) => void;
  patience?: DatabasePatience;
  isEmbedded?: boolean;
}

/**
 * Longer than anything that looks regularly takes from one look to the next: a connection that was closed between two
 * cost the server more to open than all that an idle replica asks for.
 */
const IDLE_CONNECTION_MS = 60_000;

/**
 * Opens a pool. Connections may share sessions (PgBouncer in transaction mode, the embedded engine), so it uses no SET,
 * and only start-up parameters that PgBouncer knows.
 *
 * @throws DatabaseUnreachableError when there is no connection in time, DatabaseTooOldError below PostgreSQL 14,
 *   DatabaseSettingsError when the sessions have settings that would change results.
 */
export async function openDataSource(settings: DataSourceSettings): Promise<DataSource> {
  const { url, poolSize, schema, onIdleConnectionError, patience = PIPELINE_PATIENCE, isEmbedded = false } = settings;
  const onFailure = settings.onFailure ?? ((): void => undefined);
  const check = new SessionCheck(patience.connectionMs);
  const dataSource = new DataSource({
    type: 'postgres',
    driver: pg,
    poolSize,
    connectTimeoutMS: patience.connectionMs,
    poolErrorHandler: onIdleConnectionError ?? ((): void => undefined),
    extra: {
      // Not as `url`: TypeORM and pg would each parse it by their own rules.
      ...clientConfigOf(url),
      Client: DeadlineClient,
      onFailure,
      ...(!isEmbedded && {
        onConnect: (client: pg.ClientBase): Promise<void> =>
          check.run(client).catch((error: Error) => {
            if (error instanceof DatabaseSettingsError) onFailure(error);
            throw error;
          }),
      }),
      types: typeParsers,
      query_timeout: patience.statementMs ?? 0,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      keepAlive: true,
    },
    useUTC: true,
    installExtensions: false,
    synchronize: false,
    // Failures are thrown. TypeORM's other loggers also print them; this one prints only with DEBUG=typeorm*.
    logger: 'debug',
    migrationsTableName: MIGRATIONS_TABLE,
    entities: [...schema.entities],
    migrations,
  });
  try {
    refuseOldServer(await connect(dataSource));
    check.started();
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function connect(dataSource: DataSource): Promise<ServerVersion> {
  const deadline = performance.now() + OPENING_MS;
  for (;;) {
    try {
      if (!dataSource.isInitialized) await dataSource.initialize();
      return await findServerVersion(dataSource);
    } catch (error) {
      if (error instanceof DatabaseSettingsError) throw error;
      const isTimeout = /timeout/.test((error as Error).message);
      if (!isTimeout || performance.now() > deadline) throw new DatabaseUnreachableError(error);
    }
  }
}

async function findServerVersion(dataSource: DataSource): Promise<ServerVersion> {
  const [version] = await dataSource.query<[ServerVersion]>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text`,
  );
  return version;
}

export interface ServerVersion {
  number: number;
  text: string;
}

export function refuseOldServer({ number, text }: ServerVersion): void {
  if (number < MIN_SERVER_VERSION_NUM) throw new DatabaseTooOldError(text);
}

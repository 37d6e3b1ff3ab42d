import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { DeadlineClient } from './deadline-client.js';
import { entities } from './entities.js';
import { MIGRATIONS_TABLE } from './migrator.js';
import { typeParsers } from './type-parsers.js';

/** How long the users of a pool wait for the database before they get an error. */
export interface DatabasePatience {
  /** For a connection: a new one to open, or a free one among those that there are. */
  connectionMs: number;
  /**
   * For one statement, whose connection is dropped then; null: as long as it takes. The client's clock, because
   * `statement_timeout` needs a start-up parameter or a SET, which a pooler in transaction mode refuses, and never fires
   * on the embedded engine.
   */
  statementMs: number | null;
}

/**
 * Of what moves events and deliveries, where nobody waits for a single statement. The largest that we send (64 MiB of
 * events) stays under half of it on a slow disk; a database that takes longer is down.
 */
export const PIPELINE_PATIENCE: DatabasePatience = { connectionMs: 2_000, statementMs: 10_000 };

/**
 * Of requests: their callers are owed a 503 within 2 s, whether the database is gone, has no connection left, or lets a
 * statement wait for a lock.
 */
export const REQUEST_PATIENCE: DatabasePatience = { connectionMs: 600, statementMs: 1_000 };

/**
 * How long a pool is tried to be opened, again and again where the patience of its users is shorter: at a start the machine
 * is busy, with our own modules if with nothing else, and nobody waits for an answer yet.
 */
const OPENING_MS = 5_000;

/** The oldest PostgreSQL that we test against. */
const MIN_SERVER_VERSION_NUM = 140_000;

/** There is no database where the settings say that there is one, or it does not let us in. */
export class DatabaseUnreachableError extends Error {
  constructor(cause: unknown) {
    const { message, code } = cause as { message?: string; code?: string };
    super(`The database cannot be reached: ${message || code}. Check DATABASE_URL and that its server runs.`, {
      cause,
    });
    this.name = 'DatabaseUnreachableError';
  }
}

/** The server is older than what Tidings works with. */
export class DatabaseTooOldError extends Error {
  constructor(version: string) {
    super(`The database is PostgreSQL ${version}. Tidings needs PostgreSQL 14 or newer.`);
    this.name = 'DatabaseTooOldError';
  }
}

/** Of look-ups of tokens, which a request waits for before it waits for the rest. */
export const ACCESS_PATIENCE: DatabasePatience = { connectionMs: 500, statementMs: 500 };

export interface DataSourceSettings {
  /** A `postgresql://` URL, of a server, a pooler, or the embedded engine's socket. */
  url: string;
  poolSize: number;
  /** Told of connections that broke while idle; they are replaced. Without a listener pg would end the process. */
  onIdleConnectionError?: (error: Error) => void;
  /** Default: {@link PIPELINE_PATIENCE}. */
  patience?: DatabasePatience;
}

/**
 * Opens a pool. No start-up parameters beyond user, database and encoding, and no SET: behind PgBouncer in transaction
 * mode, and on the embedded engine, connections share sessions.
 *
 * @throws DatabaseUnreachableError when it does not let us in in time, DatabaseTooOldError below PostgreSQL 14.
 */
export async function openDataSource(settings: DataSourceSettings): Promise<DataSource> {
  const { url, poolSize, onIdleConnectionError, patience = PIPELINE_PATIENCE } = settings;
  const dataSource = new DataSource({
    type: 'postgres',
    driver: pg,
    poolSize,
    connectTimeoutMS: patience.connectionMs,
    poolErrorHandler: onIdleConnectionError ?? ((): void => undefined),
    extra: {
      // Not as `url`: TypeORM would parse it too, by rules of its own.
      connectionString: url,
      Client: DeadlineClient,
      types: typeParsers,
      query_timeout: patience.statementMs ?? 0,
      keepAlive: true,
    },
    useUTC: true,
    installExtensions: false,
    synchronize: false,
    // Failures are thrown; TypeORM's other loggers print them as well, and past our own. This one needs DEBUG=typeorm*.
    logger: 'debug',
    migrationsTableName: MIGRATIONS_TABLE,
    entities,
    migrations,
  });
  try {
    refuseOldServer(await connect(dataSource));
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
  /** `server_version_num`: 140000 for 14.0. */
  number: number;
  text: string;
}

/** @throws DatabaseTooOldError below PostgreSQL 14. */
export function refuseOldServer({ number, text }: ServerVersion): void {
  if (number < MIN_SERVER_VERSION_NUM) throw new DatabaseTooOldError(text);
}

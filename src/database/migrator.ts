import { Logger } from '@nestjs/common';
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { OperatorError } from '../common/operator-error.js';
import { SCHEMA_LOCK } from './schema-lock.js';
import { areStored, type StoredFunction, storeStatements } from './statements/stored-statement.js';

export const MIGRATIONS_TABLE = 'schema_migration';

export class SchemaTooNewError extends OperatorError {
  constructor(unknown: string[]) {
    super(
      `The database has migrations that this version of Tidings does not know: ${unknown.join(', ')}. ` +
        'Start the version that made them, or a newer one.',
    );
  }
}

/** A start mostly finds this: three small queries instead of a connection and a transaction of their own. */
export async function isMigrated(dataSource: DataSource, statements: readonly StoredFunction[]): Promise<boolean> {
  const [table] = await dataSource.query<{ exists: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    MIGRATIONS_TABLE,
  ]);
  if (!table?.exists) return false;
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
  const known = new Set(dataSource.migrations.map(nameOf));
  if (rows.length !== known.size || !rows.every(({ name }) => known.has(name))) return false;
  return areStored(dataSource, statements);
}

/** Other migrations may have been run, too. */
export async function hasRunAllMigrations(dataSource: DataSource): Promise<boolean> {
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
  const executed = new Set(rows.map(({ name }) => name));
  return dataSource.migrations.every((migration) => executed.has(nameOf(migration)));
}

/**
 * Runs pending migrations and stores statements, all or none, in one transaction under a lock: replicas that start
 * together queue up. TypeORM's own `runMigrations()` fails there, because it makes its table before it has a lock.
 * Everything uses one query runner: on the embedded engine a second connection would wait for this transaction.
 *
 * @param signal cancels the running statement, which a server would continue after the end of this process.
 * @returns the names of the migrations that ran.
 * @throws SchemaTooNewError when the database is ahead of this version; nothing was changed then.
 */
export async function migrate(
  dataSource: DataSource,
  statements: readonly StoredFunction[],
  signal?: AbortSignal,
): Promise<string[]> {
  const queryRunner = dataSource.createQueryRunner();
  let cancel: (() => void) | undefined;
  try {
    await queryRunner.startTransaction();
    await outlast(queryRunner);
    cancel = await cancelOn(signal, dataSource, queryRunner);
    await lockSchema(queryRunner);
    const executor = new MigrationExecutor(dataSource, queryRunner);
    await refuseNewerSchema(dataSource, executor);
    const ran = await runPending(executor, signal);
    await storeStatements(queryRunner, statements);
    await queryRunner.commitTransaction();
    return ran;
  } catch (error) {
    await rollBack(queryRunner);
    throw error;
  } finally {
    if (cancel) signal?.removeEventListener('abort', cancel);
    await queryRunner.release();
  }
}

async function cancelOn(
  signal: AbortSignal | undefined,
  dataSource: DataSource,
  queryRunner: QueryRunner,
): Promise<() => void> {
  const [{ pid }] = (await queryRunner.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  const cancel = (): void => {
    // If it fails, the server notices by itself when it next has something to send.
    dataSource.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', cancel, { once: true });
  return cancel;
}

/** A time limit of a role or a database is meant for ordinary statements, not for an index over millions of rows. */
async function outlast(queryRunner: QueryRunner): Promise<void> {
  for (const setting of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    await queryRunner.query(`SET LOCAL ${setting} = 0`);
  }
}

async function lockSchema(queryRunner: QueryRunner): Promise<void> {
  const [lock] = (await queryRunner.query('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [SCHEMA_LOCK])) as [
    { isHeld: boolean },
  ];
  if (lock.isHeld) return;
  new Logger('Database').log('another process changes the schema; waiting for it');
  await queryRunner.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
}

/** Not with `executePendingMigrations`, so that the log shows which one takes long. */
async function runPending(executor: MigrationExecutor, signal?: AbortSignal): Promise<string[]> {
  const logger = new Logger('Database');
  const pending = await executor.getPendingMigrations();
  // In an empty database each is quick, and one line is enough.
  const level = (await executor.getExecutedMigrations()).length === 0 ? 'debug' : 'log';
  const startedAt = performance.now();
  for (const [index, migration] of pending.entries()) {
    signal?.throwIfAborted();
    const beganAt = performance.now();
    logger[level]({ msg: 'migrating', migration: migration.name, number: index + 1, of: pending.length });
    await executor.executeMigration(migration);
    logger[level]({ msg: 'migrated', migration: migration.name, duration_ms: Math.round(performance.now() - beganAt) });
  }
  if (pending.length > 0) {
    const durationMs = Math.round(performance.now() - startedAt);
    logger.log({ msg: 'the schema is up to date', migrations: pending.length, duration_ms: durationMs });
  }
  return pending.map(({ name }) => name);
}

async function refuseNewerSchema(dataSource: DataSource, executor: MigrationExecutor): Promise<void> {
  const known = new Set(dataSource.migrations.map(nameOf));
  const executed = await executor.getExecutedMigrations();
  const unknown = executed.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);
}

function nameOf({ name, constructor }: DataSource['migrations'][number]): string {
  return name ?? constructor.name;
}

async function rollBack(queryRunner: QueryRunner): Promise<void> {
  if (!queryRunner.isTransactionActive) return;
  try {
    await queryRunner.rollbackTransaction();
  } catch {
    // The connection is gone, and the transaction with it; the first error says why.
  }
}

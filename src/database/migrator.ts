import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { SCHEMA_LOCK } from './schema-lock.js';
import { areStored, storeStatements } from './stored-statement.js';
import { storedStatements } from './stored-statements.js';

/** Where TypeORM writes down what was run. */
export const MIGRATIONS_TABLE = 'schema_migration';

/** The database was migrated by a newer version than this one. */
export class SchemaTooNewError extends Error {
  constructor(unknown: string[]) {
    super(
      `The database has migrations that this version of Tidings does not know: ${unknown.join(', ')}. ` +
        'Start the version that made them, or a newer one.',
    );
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Whether exactly the migrations of this version were run and its statements stored: what a start mostly finds, in
 * three small queries instead of a connection and a transaction of their own.
 */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  const [table] = await dataSource.query<{ exists: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    MIGRATIONS_TABLE,
  ]);
  if (!table?.exists) return false;
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
  const known = new Set(dataSource.migrations.map(nameOf));
  if (rows.length !== known.size || !rows.every(({ name }) => known.has(name))) return false;
  return areStored(dataSource, storedStatements);
}

/**
 * Runs the pending migrations and stores this version's statements, all or none, in one transaction under a lock: replicas that start together queue up and
 * all but the first find nothing to do. TypeORM's own `runMigrations()` fails there, on both engines, because it
 * makes its table before it has any lock.
 *
 * Everything goes through one query runner: on the embedded engine a second connection would wait for this transaction.
 *
 * @returns the names of the migrations that ran.
 * @throws SchemaTooNewError when the database is ahead of this version; nothing was changed then.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    await queryRunner.startTransaction();
    await queryRunner.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    const executor = new MigrationExecutor(dataSource, queryRunner);
    await refuseNewerSchema(dataSource, executor);
    const ran = await executor.executePendingMigrations();
    await storeStatements(queryRunner, storedStatements);
    await queryRunner.commitTransaction();
    return ran.map(({ name }) => name);
  } catch (error) {
    await rollBack(queryRunner);
    throw error;
  } finally {
    await queryRunner.release();
  }
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

import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { DailyPartitions } from './partitions/daily-partitions.js';
import { openDataSource, PIPELINE_PATIENCE } from './data-source.js';
import { DatabaseUnreachableError } from './database-unreachable-error.js';
import { refuseMissingPrivileges, refuseSchemaOfOthers, refuseUnfitSession } from './database-checks.js';
import { databaseTime } from './database-time.js';
import type { FeatureSchema } from './feature-schema.js';
import { isMigrated, migrate } from './migrator.js';
import { asRefusal } from './refusal.js';

const RETRY_MS = 500;
const LOG_INTERVAL_MS = 10_000;

export interface Preparation {
  url: string;
  schema: FeatureSchema;
  /** false: a schema that is not this version's is refused, and the role may be one that owns nothing. */
  mayMigrate: boolean;
  isEmbedded?: boolean;
  /** For a database that cannot be reached. Default: not at all. */
  waitMs?: number;
  /**
   * Ends the wait, and cancels a migration. Not for the embedded engine: its only session would have to cancel itself.
   */
  signal?: AbortSignal;
}

/**
 * Waits for the database, checks the role, brings the schema up to date and makes the partitions of the coming days.
 * Its connection has no deadline for statements: a migration may take minutes.
 *
 * @throws OperatorError that says what to do, for every expected failure.
 */
export async function prepareDatabase(preparation: Preparation): Promise<void> {
  const { schema, mayMigrate, signal } = preparation;
  const dataSource = await reach(preparation);
  try {
    await refuseUnfitSession(dataSource);
    if (!(await isMigrated(dataSource, schema.statements))) {
      await refuseSchemaOfOthers(dataSource, mayMigrate);
      await migrate(dataSource, schema.statements, signal);
    }
    await refuseMissingPrivileges(dataSource);
    await new DailyPartitions(dataSource).ensure(await databaseTime(dataSource));
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await dataSource.destroy();
  }
}

async function reach({ url, schema, isEmbedded = false, waitMs = 0, signal }: Preparation): Promise<DataSource> {
  const logger = new Logger('Database');
  const startedAt = performance.now();
  let loggedAt = -Infinity;
  for (;;) {
    try {
      return await untilAborted(open(url, schema, isEmbedded), signal);
    } catch (error) {
      const waitedMs = performance.now() - startedAt;
      if (!(error instanceof DatabaseUnreachableError) || !error.isPassing) throw error;
      if (waitedMs >= waitMs) throw error.after(waitMs);
      if (performance.now() - loggedAt >= LOG_INTERVAL_MS) {
        loggedAt = performance.now();
        const rest = Math.ceil((waitMs - waitedMs) / 1_000);
        logger.warn({
          msg: 'the database cannot be reached yet; waiting for it',
          seconds_left: rest,
          err: error.cause,
        });
      }
    }
    await sleep(RETRY_MS, undefined, { signal });
  }
}

/** With a second connection to cancel what runs on the first one. */
function open(url: string, schema: FeatureSchema, isEmbedded: boolean): Promise<DataSource> {
  return openDataSource({
    url,
    schema,
    isEmbedded,
    poolSize: 2,
    patience: { ...PIPELINE_PATIENCE, statementMs: null },
  });
}

/** A pool that opens meanwhile is left to the end of the process, which follows soon. */
async function untilAborted<T>(opening: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return opening;
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  return Promise.race([opening, aborted]);
}

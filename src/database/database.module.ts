import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { DailyPartitions } from './daily-partitions.js';
import { DataDirectory } from './data-directory.js';
import {
  ACCESS_PATIENCE,
  openDataSource,
  PIPELINE_PATIENCE,
  REQUEST_PATIENCE,
  type DatabasePatience,
  type DataSourceSettings,
} from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { openDatabase } from './database.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedUpkeep } from './embedded-upkeep.js';
import { PartitionDropper } from './partition-dropper.js';
import { PartitionTimer } from './partition-timer.js';
import {
  ACCESS_DATA_SOURCE,
  AccessDataSource,
  INTAKE_DATA_SOURCE,
  IntakeDataSource,
  PIPELINE_DATA_SOURCE,
  PipelineDataSource,
  shareConnections,
} from './data-sources.js';

/** The engine that this process runs itself; null where DATABASE_URL names a server. */
const EMBEDDED_POSTGRES = Symbol('EMBEDDED_POSTGRES');

/** What all pools are opened with. */
function connectionOf(config: Config, embedded: EmbeddedPostgres | null): Omit<DataSourceSettings, 'poolSize'> {
  const logger = new Logger('Database');
  return {
    url: embedded?.url ?? config.databaseUrl!,
    onIdleConnectionError: (error) => logger.warn({ msg: 'an idle database connection broke', err: error }),
  };
}

/** Opens one pool more; when that fails, everything that is open is closed. */
async function openBeside(
  config: Config,
  embedded: EmbeddedPostgres | null,
  others: readonly DataSource[],
  { of, patience }: { of: 'requests' | 'access' | 'intake'; patience: DatabasePatience },
): Promise<DataSource> {
  const poolSize = shareConnections(config.databasePoolSize)[of];
  try {
    return await openDataSource({ ...connectionOf(config, embedded), poolSize, patience });
  } catch (error) {
    for (const other of others) await other.destroy();
    await embedded?.stop();
    throw error;
  }
}

/**
 * Provides the four `DataSource`s, migrated, `DailyPartitions` and `DatabaseClock` to the whole application. The pools and the embedded
 * engine end in `onApplicationShutdown`: what still needs the database when the application closes uses an earlier
 * hook (`onModuleDestroy`, `beforeApplicationShutdown`).
 */
@Global()
@Module({
  providers: [
    {
      provide: EMBEDDED_POSTGRES,
      inject: [Config],
      useFactory: async ({ databaseUrl, dataDir }: Config): Promise<EmbeddedPostgres | null> =>
        databaseUrl === null ? EmbeddedPostgres.start(DataDirectory.claim(dataDir)) : null,
    },
    {
      provide: PIPELINE_DATA_SOURCE,
      inject: [Config, EMBEDDED_POSTGRES],
      useFactory: async (config: Config, embedded: EmbeddedPostgres | null): Promise<DataSource> => {
        const poolSize = shareConnections(config.databasePoolSize).pipeline;
        try {
          return await openDatabase({ ...connectionOf(config, embedded), poolSize });
        } catch (error) {
          await embedded?.stop();
          throw error;
        }
      },
    },
    {
      provide: DataSource,
      // After the pipeline's, which migrates.
      inject: [Config, EMBEDDED_POSTGRES, PIPELINE_DATA_SOURCE],
      useFactory: (config: Config, embedded: EmbeddedPostgres | null, pipeline: DataSource): Promise<DataSource> =>
        openBeside(config, embedded, [pipeline], { of: 'requests', patience: REQUEST_PATIENCE }),
    },
    {
      provide: ACCESS_DATA_SOURCE,
      inject: [Config, EMBEDDED_POSTGRES, PIPELINE_DATA_SOURCE, DataSource],
      useFactory: (
        config: Config,
        embedded: EmbeddedPostgres | null,
        pipeline: DataSource,
        requests: DataSource,
      ): Promise<DataSource> =>
        openBeside(config, embedded, [pipeline, requests], { of: 'access', patience: ACCESS_PATIENCE }),
    },
    {
      provide: INTAKE_DATA_SOURCE,
      inject: [Config, EMBEDDED_POSTGRES, PIPELINE_DATA_SOURCE, DataSource, ACCESS_DATA_SOURCE],
      useFactory: async (
        config: Config,
        embedded: EmbeddedPostgres | null,
        pipeline: DataSource,
        ...others: DataSource[]
      ): Promise<DataSource> =>
        shareConnections(config.databasePoolSize).intake === 0
          ? pipeline
          : openBeside(config, embedded, [pipeline, ...others], { of: 'intake', patience: PIPELINE_PATIENCE }),
    },
    {
      provide: DailyPartitions,
      inject: [PIPELINE_DATA_SOURCE],
      useFactory: (dataSource: DataSource): DailyPartitions => new DailyPartitions(dataSource),
    },
    {
      provide: DatabaseClock,
      inject: [EMBEDDED_POSTGRES, ACCESS_DATA_SOURCE],
      useFactory: async (embedded: EmbeddedPostgres | null, access: DataSource): Promise<DatabaseClock> =>
        embedded ? DatabaseClock.local() : DatabaseClock.of(access),
    },
    {
      provide: PartitionDropper,
      inject: [Config, PIPELINE_DATA_SOURCE],
      useFactory: ({ retentionDays, eventRetentionDays }: Config, dataSource: DataSource): PartitionDropper =>
        new PartitionDropper(dataSource, {
          event: eventRetentionDays ?? retentionDays,
          delivery: retentionDays,
          attempt: retentionDays,
        }),
    },
    PartitionTimer,
    EmbeddedUpkeep,
  ],
  exports: [DataSource, PIPELINE_DATA_SOURCE, ACCESS_DATA_SOURCE, INTAKE_DATA_SOURCE, DailyPartitions, DatabaseClock],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    @PipelineDataSource() private readonly pipeline: DataSource,
    @AccessDataSource() private readonly access: DataSource,
    @IntakeDataSource() private readonly intake: DataSource,
    @Inject(EMBEDDED_POSTGRES) private readonly embedded: EmbeddedPostgres | null,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    const open = new Set([this.intake, this.access, this.dataSource, this.pipeline]);
    for (const dataSource of open) await dataSource.destroy();
    await this.embedded?.stop();
  }
}

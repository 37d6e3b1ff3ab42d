import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { DailyPartitions } from './daily-partitions.js';
import { DataDirectory } from './data-directory.js';
import { openDataSource, REQUEST_PATIENCE, type DataSourceSettings } from './data-source.js';
import { openDatabase } from './database.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedUpkeep } from './embedded-upkeep.js';
import { PartitionDropper } from './partition-dropper.js';
import { PartitionTimer } from './partition-timer.js';
import { PIPELINE_DATA_SOURCE, PipelineDataSource, shareConnections } from './pipeline-data-source.js';

/** The engine that this process runs itself; null where DATABASE_URL names a server. */
const EMBEDDED_POSTGRES = Symbol('EMBEDDED_POSTGRES');

/** What both pools are opened with. */
function connectionOf(config: Config, embedded: EmbeddedPostgres | null): Omit<DataSourceSettings, 'poolSize'> {
  const logger = new Logger('Database');
  return {
    url: embedded?.url ?? config.databaseUrl!,
    onIdleConnectionError: (error) => logger.warn({ msg: 'an idle database connection broke', err: error }),
  };
}

/**
 * Provides the two `DataSource`s, migrated, and `DailyPartitions` to the whole application. The pools and the embedded
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
      // After the other, which migrates.
      inject: [Config, EMBEDDED_POSTGRES, PIPELINE_DATA_SOURCE],
      useFactory: async (
        config: Config,
        embedded: EmbeddedPostgres | null,
        pipeline: DataSource,
      ): Promise<DataSource> => {
        const poolSize = shareConnections(config.databasePoolSize).requests;
        try {
          return await openDataSource({ ...connectionOf(config, embedded), poolSize, patience: REQUEST_PATIENCE });
        } catch (error) {
          await pipeline.destroy();
          await embedded?.stop();
          throw error;
        }
      },
    },
    {
      provide: DailyPartitions,
      inject: [PIPELINE_DATA_SOURCE],
      useFactory: (dataSource: DataSource): DailyPartitions => new DailyPartitions(dataSource),
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
  exports: [DataSource, PIPELINE_DATA_SOURCE, DailyPartitions],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    @PipelineDataSource() private readonly pipeline: DataSource,
    @Inject(EMBEDDED_POSTGRES) private readonly embedded: EmbeddedPostgres | null,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
    await this.pipeline.destroy();
    await this.embedded?.stop();
  }
}

import { type DynamicModule, Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { getDataSourceToken, InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { DailyPartitions } from './partitions/daily-partitions.js';
import { DataDirectory } from './embedded/data-directory.js';
import {
  ACCESS_PATIENCE,
  openDataSource,
  PIPELINE_PATIENCE,
  REQUEST_PATIENCE,
  type DatabasePatience,
  type DataSourceSettings,
} from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { DatabaseTroubles } from './database-troubles.js';
import { openDatabase } from './database.js';
import type { FeatureSchema } from './feature-schema.js';
import { EmbeddedPostgres } from './embedded/embedded-postgres.js';
import { EmbeddedUpkeep } from './embedded/embedded-upkeep.js';
import { PartitionDropper } from './partitions/partition-dropper.js';
import { PartitionTimer } from './partitions/partition-timer.js';
import { ACCESS, INTAKE, PIPELINE, shareConnections } from './data-sources.js';

/** Null if DATABASE_URL names a server. */
const EMBEDDED_POSTGRES = Symbol('EMBEDDED_POSTGRES');

const SCHEMA = Symbol('SCHEMA');

const CONNECTION = Symbol('CONNECTION');
type Connection = Omit<DataSourceSettings, 'poolSize' | 'patience'>;

function connectionOf(
  config: Config,
  schema: FeatureSchema,
  embedded: EmbeddedPostgres | null,
  troubles: DatabaseTroubles,
): Connection {
  const logger = new Logger('Database');
  return {
    url: embedded?.url ?? config.databaseUrl!,
    schema,
    isEmbedded: embedded !== null,
    onFailure: (error) => troubles.note(error),
    onIdleConnectionError: (error) => logger.warn({ msg: 'an idle database connection broke', err: error }),
  };
}

async function openBeside(
  config: Config,
  embedded: EmbeddedPostgres | null,
  connection: Connection,
  others: readonly DataSource[],
  { of, patience }: { of: 'requests' | 'access' | 'intake'; patience: DatabasePatience },
): Promise<DataSource> {
  const poolSize = shareConnections(config.databasePoolSize)[of];
  try {
    return await openDataSource({ ...connection, poolSize, patience });
  } catch (error) {
    for (const other of others) await other.destroy();
    await embedded?.stop();
    throw error;
  }
}

/**
 * Provides the four `DataSource`s (migrated), `DailyPartitions` and `DatabaseClock`, in place of
 * `TypeOrmModule.forRoot` (docs/adr/0014-one-module-opens-the-pools.md). Pools and engine end in
 * `onApplicationShutdown`: code that needs the database at the end uses an earlier hook.
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
    DatabaseTroubles,
    {
      provide: CONNECTION,
      inject: [Config, SCHEMA, EMBEDDED_POSTGRES, DatabaseTroubles],
      useFactory: connectionOf,
    },
    {
      provide: getDataSourceToken(PIPELINE),
      inject: [Config, EMBEDDED_POSTGRES, CONNECTION],
      useFactory: async (
        config: Config,
        embedded: EmbeddedPostgres | null,
        connection: Connection,
      ): Promise<DataSource> => {
        const poolSize = shareConnections(config.databasePoolSize).pipeline;
        try {
          return await openDatabase({ ...connection, poolSize, mayMigrate: config.migrateOnStart });
        } catch (error) {
          await embedded?.stop();
          throw error;
        }
      },
    },
    {
      provide: DataSource,
      // After the pipeline's pool, which migrates.
      inject: [Config, EMBEDDED_POSTGRES, CONNECTION, getDataSourceToken(PIPELINE)],
      useFactory: (
        config: Config,
        embedded: EmbeddedPostgres | null,
        connection: Connection,
        pipeline: DataSource,
      ): Promise<DataSource> =>
        openBeside(config, embedded, connection, [pipeline], { of: 'requests', patience: REQUEST_PATIENCE }),
    },
    {
      provide: getDataSourceToken(ACCESS),
      inject: [Config, EMBEDDED_POSTGRES, CONNECTION, getDataSourceToken(PIPELINE), DataSource],
      useFactory: (
        config: Config,
        embedded: EmbeddedPostgres | null,
        connection: Connection,
        pipeline: DataSource,
        requests: DataSource,
      ): Promise<DataSource> =>
        openBeside(config, embedded, connection, [pipeline, requests], { of: 'access', patience: ACCESS_PATIENCE }),
    },
    {
      provide: getDataSourceToken(INTAKE),
      inject: [
        Config,
        EMBEDDED_POSTGRES,
        CONNECTION,
        getDataSourceToken(PIPELINE),
        DataSource,
        getDataSourceToken(ACCESS),
      ],
      useFactory: async (
        config: Config,
        embedded: EmbeddedPostgres | null,
        connection: Connection,
        pipeline: DataSource,
        ...others: DataSource[]
      ): Promise<DataSource> =>
        shareConnections(config.databasePoolSize).intake === 0
          ? pipeline
          : openBeside(config, embedded, connection, [pipeline, ...others], {
              of: 'intake',
              patience: PIPELINE_PATIENCE,
            }),
    },
    {
      provide: DailyPartitions,
      inject: [getDataSourceToken(PIPELINE)],
      useFactory: (dataSource: DataSource): DailyPartitions => new DailyPartitions(dataSource),
    },
    {
      provide: DatabaseClock,
      inject: [EMBEDDED_POSTGRES, getDataSourceToken(ACCESS)],
      useFactory: async (embedded: EmbeddedPostgres | null, access: DataSource): Promise<DatabaseClock> =>
        embedded ? DatabaseClock.local() : DatabaseClock.of(access),
    },
    {
      provide: PartitionDropper,
      inject: [Config, getDataSourceToken(PIPELINE)],
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
  exports: [
    DataSource,
    getDataSourceToken(PIPELINE),
    getDataSourceToken(ACCESS),
    getDataSourceToken(INTAKE),
    DailyPartitions,
    DatabaseClock,
    DatabaseTroubles,
  ],
})
export class DatabaseModule implements OnApplicationShutdown {
  static forRoot(schema: FeatureSchema): DynamicModule {
    return { module: DatabaseModule, providers: [{ provide: SCHEMA, useValue: schema }] };
  }

  constructor(
    private readonly dataSource: DataSource,
    @InjectDataSource(PIPELINE) private readonly pipeline: DataSource,
    @InjectDataSource(ACCESS) private readonly access: DataSource,
    @InjectDataSource(INTAKE) private readonly intake: DataSource,
    @Inject(EMBEDDED_POSTGRES) private readonly embedded: EmbeddedPostgres | null,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    const open = new Set([this.intake, this.access, this.dataSource, this.pipeline]);
    for (const dataSource of open) await dataSource.destroy();
    await this.embedded?.stop();
  }
}

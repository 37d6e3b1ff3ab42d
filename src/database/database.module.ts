import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { DailyPartitions } from './daily-partitions.js';
import { DataDirectory } from './data-directory.js';
import { openDatabase } from './database.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedUpkeep } from './embedded-upkeep.js';
import { PartitionTimer } from './partition-timer.js';

/** The engine that this process runs itself; null where DATABASE_URL names a server. */
const EMBEDDED_POSTGRES = Symbol('EMBEDDED_POSTGRES');

/**
 * Provides the `DataSource`, migrated, and `DailyPartitions` to the whole application. Both the pool and the embedded
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
      provide: DataSource,
      inject: [Config, EMBEDDED_POSTGRES],
      useFactory: async (config: Config, embedded: EmbeddedPostgres | null): Promise<DataSource> => {
        const logger = new Logger('Database');
        try {
          return await openDatabase({
            url: embedded?.url ?? config.databaseUrl!,
            poolSize: config.databasePoolSize,
            onIdleConnectionError: (error) => logger.warn({ msg: 'an idle database connection broke', err: error }),
          });
        } catch (error) {
          await embedded?.stop();
          throw error;
        }
      },
    },
    {
      provide: DailyPartitions,
      inject: [DataSource],
      useFactory: (dataSource: DataSource): DailyPartitions => new DailyPartitions(dataSource),
    },
    PartitionTimer,
    EmbeddedUpkeep,
  ],
  exports: [DataSource, DailyPartitions],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(EMBEDDED_POSTGRES) private readonly embedded: EmbeddedPostgres | null,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
    await this.embedded?.stop();
  }
}

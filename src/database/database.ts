import type { DataSource } from 'typeorm';
import { DailyPartitions } from './daily-partitions.js';
import { openDataSource, PIPELINE_PATIENCE, type DataSourceSettings } from './data-source.js';
import { databaseTime } from './database-time.js';
import { isMigrated, migrate } from './migrator.js';

/**
 * Opens a database that is ready to be used: schema up to date, partitions made.
 *
 * @throws when it cannot be reached, is too old, or was migrated by a newer version.
 */
export async function openDatabase(settings: DataSourceSettings): Promise<DataSource> {
  const dataSource = await openDataSource(settings);
  try {
    const isReady =
      (await isMigrated(dataSource)) && (await new DailyPartitions(dataSource).areMade(await databaseTime(dataSource)));
    if (!isReady) await prepare(settings);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** May take minutes, so it runs on a connection of its own without the deadline that statements have. */
async function prepare(settings: DataSourceSettings): Promise<void> {
  const preparing = await openDataSource({
    ...settings,
    poolSize: 1,
    patience: { ...PIPELINE_PATIENCE, statementMs: null },
  });
  try {
    await migrate(preparing);
    await new DailyPartitions(preparing).ensure(await databaseTime(preparing));
  } finally {
    await preparing.destroy();
  }
}

import type { DataSource } from 'typeorm';
import { DailyPartitions } from './daily-partitions.js';
import { openDataSource, type DataSourceSettings } from './data-source.js';
import { migrate } from './migrator.js';

/**
 * Opens a database that is ready to be used: schema up to date, partitions made.
 *
 * @throws when it cannot be reached, is too old, or was migrated by a newer version.
 */
export async function openDatabase(settings: DataSourceSettings): Promise<DataSource> {
  const migrating = await openDataSource({ ...settings, poolSize: 1, statementTimeoutMs: null });
  try {
    await migrate(migrating);
  } finally {
    await migrating.destroy();
  }

  const dataSource = await openDataSource(settings);
  try {
    await new DailyPartitions(dataSource).ensure(new Date());
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

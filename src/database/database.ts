import type { DataSource } from 'typeorm';
import { DailyPartitions } from './daily-partitions.js';
import { openDataSource, type DataSourceSettings } from './data-source.js';
import { migrate } from './migrator.js';

/**
 * Opens a database that is ready to be used: schema up to date, partitions made. That may take minutes, so it runs on a
 * connection of its own without the deadline that statements have.
 *
 * @throws when it cannot be reached, is too old, or was migrated by a newer version.
 */
export async function openDatabase(settings: DataSourceSettings): Promise<DataSource> {
  const preparing = await openDataSource({ ...settings, poolSize: 1, statementTimeoutMs: null });
  try {
    await migrate(preparing);
    await new DailyPartitions(preparing).ensure(new Date());
  } finally {
    await preparing.destroy();
  }
  return openDataSource(settings);
}

import type { DataSource } from 'typeorm';
import { DailyPartitions } from './partitions/daily-partitions.js';
import { openDataSource, type DataSourceSettings } from './data-source.js';
import { databaseTime } from './database-time.js';
import { isMigrated } from './migrator.js';
import { prepareDatabase } from './prepare-database.js';

export interface DatabaseSettings extends DataSourceSettings {
  /** false: the schema must already be of this version. Default: true. */
  mayMigrate?: boolean;
}

/** @throws when the database cannot be reached, is too old, or was migrated by a newer version. */
export async function openDatabase({ mayMigrate = true, ...settings }: DatabaseSettings): Promise<DataSource> {
  const { url, schema, isEmbedded = false } = settings;
  const dataSource = await openDataSource(settings);
  try {
    const isReady =
      (await isMigrated(dataSource, schema.statements)) &&
      (await new DailyPartitions(dataSource).areMade(await databaseTime(dataSource)));
    if (!isReady) await prepareDatabase({ url, schema, isEmbedded, mayMigrate });
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

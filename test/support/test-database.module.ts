import { type DynamicModule, Module, type ValueProvider } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { ACCESS, INTAKE, PIPELINE } from '../../src/database/data-sources.js';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';

/** Stands for `DatabaseModule` around a part of the application: a test's own data source is all four. */
@Module({})
export class TestDatabaseModule {
  /** @param standIns for what other modules would provide to the whole application. */
  static of(dataSource: DataSource, ...standIns: ValueProvider[]): DynamicModule {
    const named = [PIPELINE, ACCESS, INTAKE].map((name) => getDataSourceToken(name));
    const providers: ValueProvider[] = [
      ...[DataSource, ...named].map((token) => ({ provide: token, useValue: dataSource })),
      { provide: DailyPartitions, useValue: new DailyPartitions(dataSource) },
      { provide: DatabaseClock, useValue: DatabaseClock.local() },
      ...standIns,
    ];
    return { module: TestDatabaseModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}

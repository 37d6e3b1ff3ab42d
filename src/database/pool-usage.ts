import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

export interface PoolUsage {
  idle: number;
  /** Also counts connections that are being opened. */
  busy: number;
  limit: number;
  waiting: number;
}

/** TypeORM keeps pg's pool as its driver's `master`. */
export function poolUsageOf(dataSource: DataSource): PoolUsage {
  const { totalCount, idleCount, waitingCount, options } = (dataSource.driver as PostgresDriver).master as Pool;
  return { idle: idleCount, busy: totalCount - idleCount, limit: options.max, waiting: waitingCount };
}

import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

export interface PoolUsage {
  idle: number;
  /** Open connections in use, and those that are being opened. */
  busy: number;
  limit: number;
  waiting: number;
}

/** The current use of this data source's pool. TypeORM keeps pg's pool as its driver's `master`. */
export function poolUsageOf(dataSource: DataSource): PoolUsage {
  const { master: pool } = dataSource.driver as unknown as { master: Pool };
  const { totalCount, idleCount, waitingCount, options } = pool;
  return { idle: idleCount, busy: totalCount - idleCount, limit: options.max, waiting: waitingCount };
}

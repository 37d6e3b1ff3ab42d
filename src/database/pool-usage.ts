import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

export interface PoolUsage {
  /** Open connections that nobody uses. */
  idle: number;
  /** Open connections that somebody uses, and those that are being opened. */
  busy: number;
  /** Connections that may be open. */
  limit: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

/** How the pool of this data source is used now. TypeORM keeps the pool of pg as its driver's `master`. */
export function poolUsageOf(dataSource: DataSource): PoolUsage {
  const { master: pool } = dataSource.driver as unknown as { master: Pool };
  const { totalCount, idleCount, waitingCount, options } = pool;
  return { idle: idleCount, busy: totalCount - idleCount, limit: options.max, waiting: waitingCount };
}

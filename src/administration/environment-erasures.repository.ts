import type { Queryable } from '../database/queryable.js';

export interface EnvironmentErasure {
  environmentId: string;
  /** Rows removed so far, of all tables. */
  removedRows: number;
  createdAt: Date;
  /** Null while it runs. */
  completedAt: Date | null;
}

/** Asks for the removal of a deleted environment's contents; `src/erasure` does it after the commit. */
export async function startErasure(database: Queryable, environmentId: string): Promise<void> {
  await database.query(
    `INSERT INTO environment_erasure (environment_id, next_at, created_at)
     VALUES ($1, date_trunc('milliseconds', now()), now())`,
    [environmentId],
  );
}

export async function findErasure(database: Queryable, environmentId: string): Promise<EnvironmentErasure | null> {
  const [row] = await database.query<EnvironmentErasure[]>(
    `SELECT environment_id AS "environmentId", removed_rows::float8 AS "removedRows", created_at AS "createdAt",
       completed_at AS "completedAt"
     FROM environment_erasure WHERE environment_id = $1`,
    [environmentId],
  );
  return row ?? null;
}

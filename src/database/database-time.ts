import type { Queryable } from './queryable.js';

/** The database's current time, also within a transaction, in whole milliseconds as in its columns and the API. */
export async function databaseTime(database: Queryable): Promise<Date> {
  const [row] = await database.query<[{ now: Date }]>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return row.now;
}

import type { Queryable } from './queryable.js';

/** The database's time at this moment, within a transaction too, in whole milliseconds: what its columns and the API carry. */
export async function databaseTime(database: Queryable): Promise<Date> {
  const [row] = await database.query<[{ now: Date }]>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return row.now;
}

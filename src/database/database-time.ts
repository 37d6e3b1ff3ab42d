import type { Queryable } from './queryable.js';

/**
 * The current time, also within a transaction, in whole milliseconds as in columns and the API. It costs a statement,
 * so use it only for what replicas write one after the other, such as secrets of a webhook: `DatabaseClock` may differ
 * by milliseconds between replicas.
 */
export async function databaseTime(database: Queryable): Promise<Date> {
  const [row] = await database.query<[{ now: Date }]>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return row.now;
}

import type { Queryable } from './queryable.js';

/**
 * The database's current time, also within a transaction, in whole milliseconds as in its columns and the API. It costs a
 * statement, and is for what replicas write one after the other: the secrets of a webhook sign in the order of their times, and what
 * `DatabaseClock` knows on two replicas can differ by some milliseconds. For all else, ask `DatabaseClock`.
 */
export async function databaseTime(database: Queryable): Promise<Date> {
  const [row] = await database.query<[{ now: Date }]>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return row.now;
}

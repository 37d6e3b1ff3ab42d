import type { Queryable } from '../database/queryable.js';

/** Limits the locks and the time of one statement. */
const ROWS_PER_TRIM = 1_000;

const DEMAND = `
  INSERT INTO request_demand AS d (subject, period, requests) VALUES ($1::text, $2::bigint, $3::bigint)
  ON CONFLICT (subject, period) DO UPDATE SET requests = d.requests + excluded.requests
  RETURNING requests::float8 AS requests`;

/**
 * Adds to the requests that all replicas ask for in a period. The sum grows beyond the limit, so each replica sees how
 * much of its own part lies below.
 *
 * @returns the sum with this addition.
 */
export async function demandRequests(
  database: Queryable,
  subject: string,
  period: number,
  requests: number,
): Promise<number> {
  const [row] = await database.query<[{ requests: number }]>(DEMAND, [subject, period, requests]);
  return row.requests;
}

const TRIM = `
  WITH trimmed AS (
    DELETE FROM request_demand
    WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM request_demand WHERE period < $1::bigint LIMIT ${ROWS_PER_TRIM} FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM trimmed`;

/** Deletes earlier periods. @returns whether more may be left */
export async function trimRequestDemand(database: Queryable, period: number): Promise<boolean> {
  const [row] = await database.query<[{ count: number }]>(TRIM, [period]);
  return row.count === ROWS_PER_TRIM;
}

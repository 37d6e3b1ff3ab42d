import type { Queryable } from '../../database/queryable.js';
import { StoredStatement } from '../../database/stored-statement.js';
import { DEAD_AFTER_MS } from './replicas.js';

/** Deliveries that one statement counts: bounds how long it holds the embedded engine's session, about 0.05 s. */
const ROWS_PER_STATEMENT = 50_000;

/** Before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Those that are being attempted have no entry in the index; there are at most as many as replicas attempt at once. */
export const COUNT_PENDING = new StoredStatement<Row>({
  name: 'count_pending',
  parameters: 'uuid, uuid',
  returns: 'pending int4, last uuid, replicas int4',
  sql: `
  WITH part AS MATERIALIZED (
    SELECT delivery_id FROM delivery_queue
    WHERE environment_id = $1 AND lease IS NULL AND delivery_id > $2
    ORDER BY environment_id, delivery_id
    LIMIT ${ROWS_PER_STATEMENT}
  )
  SELECT (SELECT count(*)::int FROM part), (SELECT delivery_id FROM part ORDER BY delivery_id DESC LIMIT 1),
    (SELECT count(*)::int FROM replica WHERE seen_at > now() - interval '${DEAD_AFTER_MS} milliseconds')`,
});

interface Row {
  pending: number;
  last: string | null;
  replicas: number;
}

/**
 * Counts the deliveries that wait in an environment, for now or for later.
 *
 * @param limit above it the count is not exact.
 * @returns with them how many replicas there are, as far as their heartbeats tell.
 */
export async function countPending(
  database: Queryable,
  environmentId: string,
  limit: number,
): Promise<{ pending: number; replicas: number }> {
  let pending = 0;
  for (let after = FIRST; ;) {
    const [row] = await COUNT_PENDING.run(database, [environmentId, after]);
    pending += row!.pending;
    if (row!.pending < ROWS_PER_STATEMENT || pending > limit) return { pending, replicas: Math.max(1, row!.replicas) };
    after = row!.last!;
  }
}

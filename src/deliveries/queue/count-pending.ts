import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { uuid } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';

/** Deliveries that one statement counts: it holds the embedded engine's session for about 0.05 s. */
const ROWS_PER_STATEMENT = 50_000;

const FIRST = '00000000-0000-0000-0000-000000000000';

interface Row {
  waiting: number;
  last: string | null;
  leased: number;
}

const pendingParameters = { owner_id: uuid, after_id: uuid };

export type PendingOwner = 'environment' | 'webhook';

export const COUNT_PENDING = {
  environment: counting('environment'),
  webhook: counting('webhook'),
};

/**
 * No index by owner holds leased deliveries. They are read whole, and are as many as replicas attempt at once. Tests
 * are not counted; they are leased from the start.
 */
function counting(owner: PendingOwner): StoredStatement<typeof pendingParameters, Row> {
  const part = `
    SELECT delivery_id FROM delivery_queue WHERE ${owner}_id = p_owner_id AND lease IS NULL AND delivery_id > p_after_id
    ORDER BY ${owner}_id, delivery_id`;
  return new StoredStatement({
    name: `count_pending_of_${owner}`,
    parameters: pendingParameters,
    returns: columnsOf<Row>({ waiting: 'int4', last: 'uuid', leased: 'int4' }),
    sql: `
  SELECT counted.waiting,
    -- Only where there may be more: stepping over them again costs less than keeping them.
    CASE WHEN counted.waiting = ${ROWS_PER_STATEMENT} THEN (${part} OFFSET ${ROWS_PER_STATEMENT - 1} LIMIT 1) END,
    (
      SELECT count(*)::int FROM delivery_queue
      WHERE lease IS NOT NULL AND leased_by IS NOT NULL AND ${owner}_id = p_owner_id AND NOT is_test
    )
  FROM (SELECT count(*)::int FROM (${part} LIMIT ${ROWS_PER_STATEMENT}) AS part) AS counted (waiting)`,
  });
}

export interface CountOptions {
  /** The count may stop above it. */
  limit?: number;
  /** Runs each statement, of about 0.05 s, when its turn has come. */
  inTurn?: <T>(statement: () => Promise<T>) => Promise<T>;
  /** Told the least number that wait, as far as they are counted. */
  onProgress?: (waiting: number) => void;
}

/** @returns those that wait, for now or for later, and those being attempted. */
export async function countPending(
  database: Queryable,
  owner: PendingOwner,
  id: string,
  { limit = Infinity, inTurn = (statement) => statement(), onProgress }: CountOptions = {},
): Promise<{ waiting: number; leased: number }> {
  let waiting = 0;
  for (let after = FIRST; ;) {
    const [row] = await inTurn(() => COUNT_PENDING[owner].run(database, { owner_id: id, after_id: after }));
    waiting += row!.waiting;
    if (row!.waiting < ROWS_PER_STATEMENT || waiting > limit) return { waiting, leased: row!.leased };
    onProgress?.(waiting);
    after = row!.last!;
  }
}

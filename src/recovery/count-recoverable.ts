import type { Queryable } from '../database/queryable.js';
import { columnsOf } from '../database/statements/columns.js';
import { StoredStatement } from '../database/statements/stored-statement.js';
import {
  type IdRange,
  RECOVERABLE,
  type RecoverableFilter,
  recoverableParameters,
  recoverableValues,
} from './recoverable.js';

/** Events and deliveries that one statement looks at: it holds the embedded engine's session for about 0.05 s. */
const ROWS_PER_STATEMENT = 5_000;

export const COUNT_RECOVERABLE = new StoredStatement({
  name: 'count_recoverable',
  parameters: recoverableParameters,
  returns: columnsOf<Row>({ found: 'int4', counted_to: 'uuid' }),
  sql: `
  WITH ${RECOVERABLE}
  SELECT (SELECT count(*)::int FROM candidate), id FROM horizon`,
});

interface Row {
  found: number;
  counted_to: string;
}

/** @returns where the next count goes on, too: `to` once all is counted. */
export async function countRecoverable(
  database: Queryable,
  filter: RecoverableFilter,
  range: IdRange,
  scanned = ROWS_PER_STATEMENT,
): Promise<{ found: number; countedTo: string }> {
  const [row] = await COUNT_RECOVERABLE.run(database, recoverableValues(filter, range, scanned));
  return { found: row!.found, countedTo: row!.counted_to };
}

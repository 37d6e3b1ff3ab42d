import { createHash } from 'node:crypto';
import type { Queryable } from '../queryable.js';
import type { Columns } from './columns.js';
import { NamedStatement, type NoOther } from './named-statement.js';
import type { ParameterTypes, ValuesOf } from './parameter-types.js';

export interface StoredFunction {
  readonly functionName: string;
  readonly definition: string;
}

export interface StoredStatementOptions<Parameters extends ParameterTypes, Row> {
  /** Snake case: what the statement does. */
  name: string;
  parameters: Parameters;
  returns: Columns<Row>;
  /** In it, a `p_` precedes each parameter and tells it from a column. */
  sql: string;
}

/**
 * A statement that is planned once per session: planning those that every event goes through took 3 ms on the embedded
 * engine and 1 ms on a server, as long as writing 60 events.
 *
 * It is a function of the database, whose plan PostgreSQL remembers. A named prepared statement belongs to a
 * connection, and behind PgBouncer in transaction mode, as on the embedded engine, connections share sessions. The name
 * has a hash of the definition, so versions of Tidings that share a database call each their own.
 *
 * A remembered plan may be made when a table is small and used when it has millions of rows. So a table that grows is
 * never joined, which could become a hash of the whole table: its rows are looked up in a `LATERAL` with a `LIMIT`, or
 * by keys, `= ANY`. A test reads the plans (stored-statement-plans.spec.ts).
 */
export class StoredStatement<Parameters extends ParameterTypes, Row> implements StoredFunction {
  readonly functionName: string;
  readonly definition: string;
  private readonly call: NamedStatement<Parameters, Row>;

  constructor({ name, parameters, returns, sql }: StoredStatementOptions<Parameters, Row>) {
    const declared = Object.entries(parameters).map(([parameter, type]) => `p_${parameter} ${type.sql}`);
    const columns = Object.entries<string>(returns.types).map(([column, type]) => `"${column}" ${type}`);
    const rest = `(${declared.join(', ')}) RETURNS TABLE (${columns.join(', ')})
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY ${sql.trim()};
END
$function$`;
    this.functionName = `${name}_${createHash('sha256').update(rest).digest('hex').slice(0, 8)}`;
    this.definition = `CREATE FUNCTION ${this.functionName} ${rest}`;
    const places = Object.keys(parameters).map((parameter) => `p_${parameter}`);
    this.call = new NamedStatement({
      parameters,
      sql: `SELECT * FROM ${this.functionName}(${places.join(', ')})`,
    });
  }

  run<Values extends ValuesOf<Parameters>>(
    database: Queryable,
    values: Values & NoOther<Values, Parameters>,
  ): Promise<Row[]> {
    return this.call.run(database, values);
  }
}

export async function areStored(database: Queryable, statements: readonly StoredFunction[]): Promise<boolean> {
  return (await findMissing(database, statements)).length === 0;
}

/** Those of other versions stay: a replica of that version may still run. */
export async function storeStatements(database: Queryable, statements: readonly StoredFunction[]): Promise<void> {
  for (const { definition } of await findMissing(database, statements)) await database.query(definition);
}

async function findMissing(database: Queryable, statements: readonly StoredFunction[]): Promise<StoredFunction[]> {
  const rows = await database.query<{ name: string }[]>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regproc(name) IS NOT NULL',
    [statements.map(({ functionName }) => functionName)],
  );
  const stored = new Set(rows.map(({ name }) => name));
  return statements.filter(({ functionName }) => !stored.has(functionName));
}

import type { EntityManager } from 'typeorm';
import type { StoredFunction } from '../../src/database/statements/stored-statement.js';

/** A step of a plan, as `EXPLAIN (FORMAT JSON)` tells it; what actually happened with ANALYZE alone. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'TID Cond'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  /** These are of one loop each, on average. */
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  'CTE Name'?: string;
  Operation?: string;
  Plans?: PlanNode[];
}

/** Every step of the plan of a statement. */
export async function planOf(
  manager: EntityManager,
  sql: string,
  { analyze = false, parameters = [] }: { analyze?: boolean; parameters?: unknown[] } = {},
): Promise<PlanNode[]> {
  const options = analyze ? 'ANALYZE, TIMING OFF, FORMAT JSON' : 'FORMAT JSON';
  const [row] = await manager.query<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
    `EXPLAIN (${options}) ${sql}`,
    parameters,
  );
  return nodesOf(row['QUERY PLAN'][0].Plan);
}

/**
 * Every step of the plan that the function of a stored statement keeps.
 *
 * @param manager in a transaction.
 * @param values of the parameters as pg takes them, by default NULL each. Given, the statement runs.
 */
export async function storedPlanOf(
  manager: EntityManager,
  statement: StoredFunction,
  values?: unknown[],
): Promise<PlanNode[]> {
  const [, parameters, settings, sql] =
    /^CREATE FUNCTION \w+ \(([^)]*)\).*LANGUAGE plpgsql\n(.*)AS \$function\$.*RETURN QUERY (.*);\nEND\n/s.exec(
      statement.definition,
    )!;
  for (const setting of settings!.trim().split('\n')) await manager.query(setting.replace('SET', 'SET LOCAL'));
  const [types, body] = numbered(parameters!, sql!);
  const literals = values ? await literalsOf(manager, types, values) : types.map(() => 'NULL');
  const { functionName: name } = statement;
  // As in the function, the session plans it once, and again when the tables or what is known of them changed.
  const isPrepared = await manager.query<unknown[]>('SELECT FROM pg_prepared_statements WHERE name = $1', [name]);
  if (isPrepared.length === 0) await manager.query(`PREPARE ${name} (${types.join(', ')}) AS ${body}`);
  return planOf(manager, `EXECUTE ${name} (${literals.join(', ')})`, { analyze: values !== undefined });
}

/** The types of a function's parameters, and its statement with their numbers for their names: `PREPARE` knows no names. */
function numbered(parameters: string, sql: string): [types: string[], sql: string] {
  const declared = parameters.split(', ').map((parameter) => parameter.split(' ') as [name: string, type: string]);
  const numbers = new Map(declared.map(([name], index) => [name, `$${index + 1}`]));
  return [declared.map(([, type]) => type), sql.replaceAll(/\bp_\w+/g, (name) => numbers.get(name) ?? name)];
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** SQL: the values as literals. The database writes them, because arrays come in its binary format. */
async function literalsOf(manager: EntityManager, types: readonly string[], values: unknown[]): Promise<string[]> {
  const quoted = types.map((type, index) => `quote_nullable($${index + 1}::${type})`);
  const [row] = await manager.query<[{ literals: string[] }]>(`SELECT ARRAY[${quoted.join(', ')}] AS literals`, values);
  return row.literals;
}

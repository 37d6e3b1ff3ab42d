import type { EntityManager } from 'typeorm';
import type { StoredStatement } from '../../src/database/stored-statement.js';

/** A step of a plan, as `EXPLAIN (FORMAT JSON)` tells it; what actually happened with ANALYZE alone. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'TID Cond'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  Operation?: string;
  Plans?: PlanNode[];
}

/** What `storedPlanOf` can write down; that suffices for lists. */
type Parameter = string | number | null;

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
 * @param values of the parameters, by default NULL each. Given, the statement runs.
 */
export async function storedPlanOf(
  manager: EntityManager,
  statement: StoredStatement<unknown>,
  values?: readonly Parameter[],
): Promise<PlanNode[]> {
  const [, types, settings, body] =
    /^CREATE FUNCTION \w+ \(([^)]*)\).*LANGUAGE plpgsql\n(.*)AS \$function\$.*RETURN QUERY (.*);\nEND\n/s.exec(
      statement.definition,
    )!;
  for (const setting of settings!.trim().split('\n')) await manager.query(setting.replace('SET', 'SET LOCAL'));
  const literals = values?.map(literalOf) ?? types!.split(',').map(() => 'NULL');
  await manager.query(`PREPARE remembered (${types}) AS ${body}`);
  const plan = await planOf(manager, `EXECUTE remembered (${literals.join(', ')})`, { analyze: values !== undefined });
  await manager.query('DEALLOCATE remembered');
  return plan;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** SQL: a number, or text that is quoted. */
function literalOf(value: Parameter): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

import type { Queryable } from '../queryable.js';

export const DAY_MS = 86_400_000;

export const PARTITIONED_TABLES = ['event', 'delivery', 'attempt'] as const;
export type PartitionedTable = (typeof PARTITIONED_TABLES)[number];

export interface Partition {
  name: string;
  table: PartitionedTable;
  /** Days since 1970-01-01, in UTC. */
  day: number;
}

/** @param at Unix time in milliseconds. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

export function partitionOf(table: PartitionedTable, day: number): Partition {
  return {
    name: `${table}_${new Date(day * DAY_MS).toISOString().slice(0, -'T00:00:00.000Z'.length).replaceAll('-', '')}`,
    table,
    day,
  };
}

/** A partition with another form of name is not ours. */
export async function findPartitions(database: Queryable): Promise<Partition[]> {
  const rows = await database.query<{ table: PartitionedTable; name: string }[]>(
    `SELECT parent.relname AS "table", child.relname AS name
       FROM pg_inherits
       JOIN pg_class child ON child.oid = inhrelid
       JOIN pg_class parent ON parent.oid = inhparent
      WHERE inhparent = ANY ($1::regclass[])`,
    [PARTITIONED_TABLES],
  );
  return rows.flatMap(({ table, name }) => {
    const [, year, month, date] = /_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
    const partition = partitionOf(
      table,
      dayOf(Date.UTC(Number(year ?? 1970), Number(month ?? 1) - 1, Number(date ?? 1))),
    );
    return partition.name === name ? [partition] : [];
  });
}

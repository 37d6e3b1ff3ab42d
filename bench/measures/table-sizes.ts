import type pg from 'pg';

/** With partitions, in bytes. */
export interface TableSize {
  rows: number;
  /** Values that are too long for their row's page, with their index. */
  toast: number;
  indexes: number;
}

const SIZES = `
  WITH RECURSIVE parts AS (
    SELECT oid, relname AS "table", reltoastrelid FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    UNION ALL
    SELECT child.oid, "table", child.reltoastrelid
    FROM parts JOIN pg_inherits ON inhparent = parts.oid JOIN pg_class child ON child.oid = inhrelid
  )
  SELECT "table",
    sum(pg_table_size(oid) - toast)::float8 AS rows, sum(toast)::float8 AS toast,
    sum(pg_indexes_size(oid))::float8 AS indexes
  FROM parts
  CROSS JOIN LATERAL (SELECT coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0) AS toast) AS t
  GROUP BY "table"`;

/** By the tables' names. */
export async function tableSizes(client: pg.Client): Promise<Map<string, TableSize>> {
  const { rows } = await client.query<{ table: string } & TableSize>(SIZES);
  return new Map(rows.map(({ table, ...size }) => [table, size]));
}

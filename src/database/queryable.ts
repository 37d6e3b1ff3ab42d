/** A data source outside a transaction, an entity manager inside one. */
export interface Queryable {
  query<Row = unknown>(sql: string, parameters?: unknown[]): Promise<Row>;
}

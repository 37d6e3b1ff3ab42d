export interface Columns<Row> {
  readonly types: ColumnTypes<Row>;
  /** Never set: it tells a statement the type of its rows. */
  readonly row?: Row;
}

/** A type that pg reads so, for each field of any kind of row. */
type ColumnTypes<Row> = { readonly [Name in FieldName<Row>]: SqlTypeOf<Field<Row, Name>> };

type FieldName<Row> = Row extends unknown ? keyof Row & string : never;
type Field<Row, Name extends string> = Row extends Readonly<Record<Name, infer Value>> ? Value : never;

type SqlTypeOf<Value> = Value extends null
  ? never
  : Value extends string
    ? 'uuid' | 'text' | 'int8'
    : Value extends number
      ? 'int2' | 'int4' | 'float8'
      : Value extends boolean
        ? 'bool'
        : Value extends Date
          ? 'timestamptz'
          : Value extends readonly string[]
            ? 'uuid[]' | 'text[]' | 'json'
            : 'json';

/** A field without a column, or a column without a field, is a compile error. */
export function columnsOf<Row>(types: ColumnTypes<Row>): Columns<Row> {
  return { types };
}

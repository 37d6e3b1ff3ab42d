/** The columns of a statement's result. */
export interface Columns<Row> {
  /** The types in SQL, by name, in order. */
  readonly types: ColumnTypes<Row>;
  /** Not there: it lets a statement know the type of its rows. */
  readonly row?: Row;
}

/** For each field of the rows a type that pg reads so; of rows of several kinds, for each field of any. */
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

/** Columns that are read as rows of this type. A field without a column, or a column without a field, is a compile error. */
export function columnsOf<Row>(types: ColumnTypes<Row>): Columns<Row> {
  return { types };
}

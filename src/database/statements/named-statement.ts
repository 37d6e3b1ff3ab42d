import type { Queryable } from '../queryable.js';
import type { ParameterType, ParameterTypes, ValuesOf } from './parameter-types.js';

/** Makes a compile error of each value that no parameter takes, also of one that comes with a spread. */
export type NoOther<Values, Parameters> = { readonly [Name in Exclude<keyof Values, keyof Parameters>]: never };

/** A statement whose parameters have names and types. In the SQL a `p_` precedes each name. */
export class NamedStatement<Parameters extends ParameterTypes, Row> {
  private readonly sql: string;
  private readonly parameters: readonly [name: string, type: ParameterType<unknown>][];

  constructor({ parameters, sql }: { parameters: Parameters; sql: string }) {
    this.parameters = Object.entries<ParameterType<unknown>>(parameters);
    const places = new Map(this.parameters.map(([name, type], index) => [`p_${name}`, `$${index + 1}::${type.sql}`]));
    this.sql = sql.replaceAll(/\bp_\w+/g, (name) => places.get(name) ?? name);
  }

  run<Values extends ValuesOf<Parameters>>(
    database: Queryable,
    values: Values & NoOther<Values, Parameters>,
  ): Promise<Row[]> {
    const encoded = this.parameters.map(([name, type]) => type.encode(values[name]));
    return database.query<Row[]>(this.sql, encoded);
  }
}

import {
  BOOL,
  BYTEA,
  type ElementType,
  encodeArray,
  INT4,
  INT8,
  TEXT,
  TIMESTAMPTZ,
  UUID,
  type Values,
} from './binary-arrays.js';

export interface ParameterType<Value> {
  readonly sql: string;
  encode(value: Value): unknown;
}

export type ParameterTypes = Readonly<Record<string, ParameterType<never>>>;

export type ValuesOf<Parameters extends ParameterTypes> = {
  readonly [Name in keyof Parameters]: Parameters[Name] extends ParameterType<infer Value> ? Value : never;
};

export const uuid = scalar<string>('uuid');
export const text = scalar<string>('text');
export const bytea = scalar<Buffer>('bytea');
/** Whole numbers from −2³¹ to 2³¹ − 1. */
export const integer = scalar<number>('int4');
export const boolean = scalar<boolean>('bool');
export const timestamp = scalar<Date>('timestamptz');

export const uuidArray = arrayOf('uuid[]', UUID);
export const textArray = arrayOf('text[]', TEXT);
export const byteaArray = arrayOf('bytea[]', BYTEA);
export const integerArray = arrayOf('int4[]', INT4);
export const bigintArray = arrayOf('int8[]', INT8);
export const booleanArray = arrayOf('bool[]', BOOL);
export const timestampArray = arrayOf('timestamptz[]', TIMESTAMPTZ);

/** Values of an array may be missing without this. */
export function nullable<Value>({ sql, encode }: ParameterType<Value>): ParameterType<Value | null> {
  return { sql, encode: (value) => (value === null ? null : encode(value)) };
}

/**
 * SQL: arrays of one length, as the columns of a table, each under the parameter's name.
 *
 * @param ordinality the name of one more column, which numbers the rows from 1.
 */
export function unnest(parameters: ParameterTypes, alias: string, ordinality?: string): string {
  const names = Object.keys(parameters);
  const arrays = names.map((name) => `p_${name}`).join(', ');
  return ordinality === undefined
    ? `unnest(${arrays}) AS ${alias} (${names.join(', ')})`
    : `unnest(${arrays}) WITH ORDINALITY AS ${alias} (${names.join(', ')}, ${ordinality})`;
}

function scalar<Value>(sql: string): ParameterType<Value> {
  return { sql, encode: (value) => value };
}

function arrayOf<Value>(sql: string, element: ElementType<Value>): ParameterType<Values<Value>> {
  return { sql, encode: (values) => encodeArray(element, values) };
}

import pg from 'pg';

const TIMESTAMPTZ_OID = pg.types.builtins.TIMESTAMPTZ;
/** The format of a server in time zone UTC for the years 1 to 9999. */
const UTC_INSTANT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/;

type Parser = (text: string) => unknown;

const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ_OID) as Parser;

/**
 * As pg does: to the millisecond, with the rest cut off. pg's own parser took 6 µs to read and print an instant, this
 * 1.6; a page of deliveries has 3,000.
 */
export function parseInstant(text: string): unknown {
  return UTC_INSTANT.test(text) ? new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : parseTimestamp(text);
}

export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary'): unknown =>
    oid === Number(TIMESTAMPTZ_OID) && format !== 'binary'
      ? parseInstant
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

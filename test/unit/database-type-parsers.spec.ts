import fc from 'fast-check';
import pg from 'pg';
import { parseInstant, typeParsers } from '../../src/database/type-parsers.js';

const ofPg = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => unknown;

describe('an instant from the database', () => {
  it.each([
    '2021-08-10 10:00:00+00',
    '2021-08-10 10:00:00.1+00',
    '2021-08-10 10:00:00.123456+00',
    '2021-08-10 10:00:00.999999+00',
    '0001-01-01 00:00:00+00',
    '0099-12-31 23:59:59.5+00',
    '9999-12-31 23:59:59.999+00',
    '10000-01-01 00:00:00+00',
    '2021-08-10 10:00:00.12+02',
    '2021-08-10 10:00:00.12-03:30',
    '0044-03-15 00:00:00+00 BC',
    'infinity',
    '-infinity',
  ])('is what pg makes of it: %s', (text) => {
    expect(parseInstant(text)).toEqual(ofPg(text));
  });

  it('is what pg makes of it, whenever it was', () => {
    const range = {
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    };
    fc.assert(
      fc.property(fc.date(range), fc.nat(999), (instant, microseconds) => {
        const text = instant
          .toISOString()
          .replace('T', ' ')
          .replace('Z', `${String(microseconds).padStart(3, '0')}+00`);
        expect(parseInstant(text)).toEqual(ofPg(text));
      }),
    );
  });

  it('is the only type that is not read as pg reads it', () => {
    const { TIMESTAMPTZ, ...others } = pg.types.builtins;
    for (const oid of Object.values(others)) {
      expect(typeParsers.getTypeParser(Number(oid), 'text')).toBe(pg.types.getTypeParser(oid, 'text'));
    }
    expect(typeParsers.getTypeParser(Number(TIMESTAMPTZ), 'text')).toBe(parseInstant);
  });
});

import type { DataSource } from 'typeorm';
import { columnsOf } from '../../src/database/statements/columns.js';
import {
  bigintArray,
  booleanArray,
  byteaArray,
  integer,
  integerArray,
  nullable,
  type ParameterType,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/database/statements/parameter-types.js';
import { openDatabase } from '../../src/database/database.js';
import { areStored, StoredStatement, storeStatements } from '../../src/database/statements/stored-statement.js';
import { schema } from '../../src/schema.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let test: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
});
afterAll(() => test.close());

describe('an array in binary form', () => {
  const readBack = async (type: string, array: unknown): Promise<unknown> => {
    const [row] = await database.query<[{ json: unknown }]>(`SELECT to_json($1::${type}) AS json`, [array]);
    return row.json;
  };
  const caseOf = <Value>(
    { sql, encode }: ParameterType<Value>,
    values: Value,
    expected: unknown[],
  ): [type: string, array: unknown, expected: unknown[]] => [sql, encode(values), expected];
  const id = '01a20a6f-46e5-7ABC-83c0-f1869e1b3806';
  const cases = [
    caseOf(
      uuidArray,
      [id, null, '00000000-0000-0000-0000-000000000000'],
      [id.toLowerCase(), null, expect.stringMatching(/^0{8}-/)],
    ),
    caseOf(
      textArray,
      ['', 'NULL', '{"a,b"}', null, '\\ \' "', 'žluťoučký 🐎'],
      ['', 'NULL', '{"a,b"}', null, '\\ \' "', 'žluťoučký 🐎'],
    ),
    caseOf(byteaArray, [Buffer.from([0, 255]), null], ['\\x00ff', null]),
    caseOf(integerArray, [0, -1, 2 ** 31 - 1, -(2 ** 31), null], [0, -1, 2 ** 31 - 1, -(2 ** 31), null]),
    caseOf(bigintArray, [0, -1, Number.MAX_SAFE_INTEGER], [0, -1, Number.MAX_SAFE_INTEGER]),
    caseOf(booleanArray, [true, false, null], [true, false, null]),
    caseOf(
      timestampArray,
      [new Date('2021-08-10T10:00:00.001Z'), new Date(0)],
      [expect.stringMatching(/^2021-08-10T10:00:00.001/), expect.stringMatching(/^1970/)],
    ),
    caseOf(uuidArray, [], []),
    caseOf(textArray, [null], [null]),
  ];

  it.each(cases)('is a %s to the database', async (type, array, expected) => {
    expect(await readBack(type, array)).toEqual(expected);
  });
});

describe('a stored statement', () => {
  const multiplied = new StoredStatement({
    name: 'multiplied',
    parameters: { numbers: integerArray, factor: nullable(integer) },
    returns: columnsOf<{ product: number | null }>({ product: 'int4' }),
    sql: 'SELECT n * p_factor FROM unnest(p_numbers) AS n ORDER BY n',
  });

  it('is stored once, and runs', async () => {
    expect(await areStored(database, [multiplied])).toBe(false);
    await storeStatements(database, [multiplied]);
    await storeStatements(database, [multiplied]);
    expect(await areStored(database, [multiplied])).toBe(true);
    expect(await multiplied.run(database, { factor: 2, numbers: [2, 1] })).toEqual([{ product: 2 }, { product: 4 }]);
    expect(await multiplied.run(database, { factor: null, numbers: [1] })).toEqual([{ product: null }]);
  });

  it('has another name when anything about it is another', () => {
    const named = (sql: string): string =>
      new StoredStatement({
        name: 'same',
        parameters: { n: integer },
        returns: columnsOf<{ n: number }>({ n: 'int4' }),
        sql,
      }).functionName;
    expect(named('SELECT p_n')).toMatch(/^same_[0-9a-f]{8}$/);
    expect(named('SELECT p_n')).not.toBe(named('SELECT p_n + 0'));
  });

  it('that is missing is stored by the next start', async () => {
    const [first] = schema.statements;
    await database.query(`DROP FUNCTION ${first!.functionName}`);
    const opened = await openDatabase({ url: test.url, schema, poolSize: 1 });
    await opened.destroy();
    expect(await areStored(database, schema.statements)).toBe(true);
  });

  it('reaches tables by their indexes alone, also those that were empty when its plan was made', async () => {
    const lookUp = new StoredStatement({
      name: 'look_up',
      parameters: { ids: uuidArray },
      returns: columnsOf<{ found: string }>({ found: 'int8' }),
      sql: 'SELECT count(*) FROM delivery_queue WHERE delivery_id = ANY (p_ids)',
    });
    await storeStatements(database, [lookUp]);
    await database.query('VACUUM ANALYZE delivery_queue');
    await database.transaction(async (manager) => {
      const scans = async (): Promise<number> => {
        const [row] = await manager.query<[{ count: number }]>(
          `SELECT pg_stat_get_xact_numscans('delivery_queue'::regclass)::int AS count`,
        );
        return row.count;
      };
      const before = await scans();
      await lookUp.run(manager, { ids: ['01a20a6f-46e5-7abc-83c0-f1869e1b3806'] });
      expect(await scans()).toBe(before);
      // So it would show.
      await manager.query('SELECT count(*) FROM delivery_queue');
      expect(await scans()).toBe(before + 1);
    });
  });
});

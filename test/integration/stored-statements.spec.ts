import type { DataSource } from 'typeorm';
import {
  bigintArray,
  booleanArray,
  byteaArray,
  integerArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/database/binary-arrays.js';
import { openDatabase } from '../../src/database/database.js';
import { areStored, StoredStatement, storeStatements } from '../../src/database/stored-statement.js';
import { storedStatements } from '../../src/database/stored-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let test: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
});
afterAll(() => test.close());

describe('an array in binary form', () => {
  const readBack = async (type: string, array: Buffer): Promise<unknown> => {
    const [row] = await database.query<[{ json: unknown }]>(`SELECT to_json($1::${type}) AS json`, [array]);
    return row.json;
  };
  const id = '01a20a6f-46e5-7ABC-83c0-f1869e1b3806';
  const cases: [type: string, array: Buffer, expected: unknown][] = [
    ['uuid[]', uuidArray([id, null, '00000000-0000-0000-0000-000000000000']), [id.toLowerCase(), null, /^0{8}-/]],
    [
      'text[]',
      textArray(['', 'NULL', '{"a,b"}', null, '\\ \' "', 'žluťoučký 🐎']),
      ['', 'NULL', '{"a,b"}', null, '\\ \' "', 'žluťoučký 🐎'],
    ],
    ['bytea[]', byteaArray([Buffer.from([0, 255]), null]), ['\\x00ff', null]],
    ['int4[]', integerArray([0, -1, 2 ** 31 - 1, -(2 ** 31), null]), [0, -1, 2 ** 31 - 1, -(2 ** 31), null]],
    ['int8[]', bigintArray([0, -1, Number.MAX_SAFE_INTEGER]), [0, -1, Number.MAX_SAFE_INTEGER]],
    ['bool[]', booleanArray([true, false, null]), [true, false, null]],
    [
      'timestamptz[]',
      timestampArray([new Date('2021-08-10T10:00:00.001Z'), new Date(0)]),
      [/^2021-08-10T10:00:00.001/, /^1970/],
    ],
    ['uuid[]', uuidArray([]), []],
    ['text[]', textArray([null]), [null]],
  ];

  it.each(cases)('is a %s to the database', async (type, array, expected) => {
    const values = (expected as unknown[]).map((value) =>
      value instanceof RegExp ? (expect.stringMatching(value) as unknown) : value,
    );
    expect(await readBack(type, array)).toEqual(values);
  });
});

describe('a stored statement', () => {
  const doubled = new StoredStatement<{ twice: number }>({
    name: 'doubled',
    parameters: 'int4[], int4',
    returns: 'twice int4',
    sql: 'SELECT n * $2 FROM unnest($1) AS n ORDER BY n',
  });

  it('is stored once, and runs', async () => {
    expect(await areStored(database, [doubled])).toBe(false);
    await storeStatements(database, [doubled]);
    await storeStatements(database, [doubled]);
    expect(await areStored(database, [doubled])).toBe(true);
    expect(await doubled.run(database, [integerArray([2, 1]), 2])).toEqual([{ twice: 2 }, { twice: 4 }]);
  });

  it('has another name when anything about it is another', () => {
    const named = (sql: string): string =>
      new StoredStatement({ name: 'same', parameters: 'int4', returns: 'n int4', sql }).functionName;
    expect(named('SELECT $1')).toMatch(/^same_[0-9a-f]{8}$/);
    expect(named('SELECT $1')).not.toBe(named('SELECT $1 + 0'));
  });

  it('that is missing is stored by the next start', async () => {
    const [first] = storedStatements;
    await database.query(`DROP FUNCTION ${first!.functionName}`);
    const opened = await openDatabase({ url: test.url, poolSize: 1 });
    await opened.destroy();
    expect(await areStored(database, storedStatements)).toBe(true);
  });

  it('reaches tables by their indexes alone, also those that were empty when its plan was made', async () => {
    const lookUp = new StoredStatement<{ found: string }>({
      name: 'look_up',
      parameters: 'uuid[]',
      returns: 'found bigint',
      sql: 'SELECT count(*) FROM delivery_queue WHERE delivery_id = ANY ($1)',
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
      await lookUp.run(manager, [uuidArray(['01a20a6f-46e5-7abc-83c0-f1869e1b3806'])]);
      expect(await scans()).toBe(before);
      // So it would show.
      await manager.query('SELECT count(*) FROM delivery_queue');
      expect(await scans()).toBe(before + 1);
    });
  });
});

import type { Queryable } from '../../src/database/queryable.js';
import { columnsOf } from '../../src/database/statements/columns.js';
import { integer, nullable, text, textArray, unnest, uuid } from '../../src/database/statements/parameter-types.js';
import { StoredStatement } from '../../src/database/statements/stored-statement.js';

/** What a statement sends. */
class Recorder implements Queryable {
  readonly sent: [sql: string, parameters: unknown[]][] = [];

  query<Rows>(sql: string, parameters: unknown[] = []): Promise<Rows> {
    this.sent.push([sql, parameters]);
    return Promise.resolve([] as Rows);
  }
}

const ID = '01a20a6f-46e5-7abc-83c0-f1869e1b3806';

interface Row {
  id: string;
  size: number | null;
}

const list = new StoredStatement({
  name: 'list',
  parameters: { owner_id: uuid, kind: nullable(text), limit: integer },
  returns: columnsOf<Row>({ id: 'uuid', size: 'int4' }),
  sql: 'SELECT id, size FROM thing WHERE owner_id = p_owner_id AND (p_kind IS NULL OR kind = p_kind) LIMIT p_limit',
});

describe('a stored statement', () => {
  it('is a function with its parameters and columns by name', () => {
    expect(list.definition).toContain(
      '(p_owner_id uuid, p_kind text, p_limit int4) RETURNS TABLE ("id" uuid, "size" int4)',
    );
  });

  it('sends its parameters in the order of the function, whatever their order at the call', async () => {
    const database = new Recorder();
    await list.run(database, { limit: 3, owner_id: ID, kind: null });
    expect(database.sent).toEqual([
      [`SELECT * FROM ${list.functionName}($1::uuid, $2::text, $3::int4)`, [ID, null, 3]],
    ]);
  });

  // The compiler is what these test: an error that does not come is an error of its own.
  it('compiles with what it declares alone', async () => {
    const database = new Recorder();
    const values = { owner_id: ID, kind: null, limit: 3 };
    // @ts-expect-error: no `limit`
    await list.run(database, { owner_id: ID, kind: null });
    // @ts-expect-error: a text is no number
    await list.run(database, { ...values, limit: '3' });
    // @ts-expect-error: no such parameter
    await list.run(database, { owner_id: ID, kind: null, limit: 3, offset: 1 });
    const more = { ...values, offset: 1 };
    // @ts-expect-error: no such parameter, in what is spread
    await list.run(database, { ...more });
    // @ts-expect-error: null, where a value has to be
    await list.run(database, { ...values, owner_id: null });
    // @ts-expect-error: undefined, where null says that there is none
    await list.run(database, { ...values, kind: undefined });

    const rows: Row[] = await list.run(database, values);
    expect(rows).toEqual([]);
    // @ts-expect-error: no such column
    rows.map(({ kind }) => kind as unknown);
  });

  it('compiles with the columns of its rows alone', () => {
    expect(columnsOf<Row>({ id: 'uuid', size: 'int4' }).types).toEqual({ id: 'uuid', size: 'int4' });
    // @ts-expect-error: no `size`
    columnsOf<Row>({ id: 'uuid' });
    // @ts-expect-error: no such field
    columnsOf<Row>({ id: 'uuid', size: 'int4', kind: 'text' });
    // @ts-expect-error: pg reads a text as a string
    columnsOf<Row>({ id: 'uuid', size: 'text' });
    // Of rows of two kinds, all columns of both.
    columnsOf<{ a: null; b: string } | { a: number; b: null }>({ a: 'int4', b: 'text' });
  });

  it('makes rows of arrays under the names of the parameters', () => {
    const columns = { name: textArray, kind: textArray };
    expect(unnest(columns, 't')).toBe('unnest(p_name, p_kind) AS t (name, kind)');
    expect(unnest(columns, 't', 'number')).toBe('unnest(p_name, p_kind) WITH ORDINALITY AS t (name, kind, number)');
  });
});

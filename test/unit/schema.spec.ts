import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StoredStatement } from '../../src/database/statements/stored-statement.js';
import { schema } from '../../src/schema.js';

const SRC = resolve(import.meta.dirname, '../../src');
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

describe('the schema', () => {
  // A start stores those of the schema; any other would be missed only where it runs.
  const makers = FILES.filter((file) => /\bnew StoredStatement\(/.test(readFileSync(join(SRC, file), 'utf8')));
  it.each(makers)('has the stored statements of %s', async (file) => {
    const made = (await exportsOf(file)).filter((value) => value instanceof StoredStatement);
    expect(made).not.toEqual([]);
    expect(made.filter((statement) => !schema.statements.includes(statement))).toEqual([]);
  });

  it.each(FILES.filter((file) => file.endsWith('.entity.ts')))('has the entities of %s', async (file) => {
    const classes = (await exportsOf(file)).filter((value) => typeof value === 'function');
    expect(classes).not.toEqual([]);
    expect(classes.filter((entity) => !schema.entities.includes(entity as new () => object))).toEqual([]);
  });

  it('has nothing twice', () => {
    const names = schema.statements.map(({ functionName }) => functionName);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(schema.entities).size).toBe(schema.entities.length);
  });
});

/** What the file exports, and what is in the objects among that. */
async function exportsOf(file: string): Promise<unknown[]> {
  const exported: unknown[] = Object.values((await import(join(SRC, file))) as object);
  return exported.flatMap((value) => [value, ...(isRecord(value) ? Object.values(value) : [])]);
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

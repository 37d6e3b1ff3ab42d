import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

interface Recorded {
  statements: string[];
  /** Of each of them. */
  parameters: unknown[][];
}

const recording = new AsyncLocalStorage<Recorded>();

/**
 * What a call sends to the database, in this process: the text of each statement, in order. What others send at the same
 * time, as an engine in the background does, is not among it.
 */
export async function recordStatements<T>(call: () => Promise<T>): Promise<{ result: T } & Recorded> {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...parameters: unknown[]): unknown {
    const recorded = recording.getStore();
    recorded?.statements.push(textOf(parameters[0]));
    recorded?.parameters.push(valuesOf(parameters[0]) ?? valuesOf({ values: parameters[1] }) ?? []);
    return Reflect.apply(query, this, parameters);
  } as typeof query;
  try {
    const recorded: Recorded = { statements: [], parameters: [] };
    // Fastify's `inject` begins only when it is awaited: that has to be in here.
    const result = await recording.run(recorded, async () => await call());
    return { result, ...recorded };
  } finally {
    pg.Client.prototype.query = query;
  }
}

function valuesOf(statement: unknown): unknown[] | null {
  const values = (statement as { values?: unknown }).values;
  return Array.isArray(values) ? values : null;
}

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : (statement as { text: string }).text;
}

import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

const recording = new AsyncLocalStorage<string[]>();

/**
 * What a call sends to the database, in this process: the text of each statement, in order. What others send at the same
 * time, as an engine in the background does, is not among it.
 */
export async function recordStatements<T>(call: () => Promise<T>): Promise<{ result: T; statements: string[] }> {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...parameters: unknown[]): unknown {
    recording.getStore()?.push(textOf(parameters[0]));
    return Reflect.apply(query, this, parameters);
  } as typeof query;
  try {
    const statements: string[] = [];
    // Fastify's `inject` begins only when it is awaited: that has to be in here.
    const result = await recording.run(statements, async () => await call());
    return { result, statements };
  } finally {
    pg.Client.prototype.query = query;
  }
}

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : (statement as { text: string }).text;
}

import pg from 'pg';
import { clientConfigOf } from './client-config.js';
import { PIPELINE_PATIENCE } from './data-source.js';
import { DeadlineClient } from './deadline-client.js';
import type { Queryable } from './queryable.js';

/** The session changes with each transaction (PgBouncer): what it holds stays with whoever gets it next. */
export class SharedSessionError extends Error {
  constructor() {
    super('the connection has no session of its own');
  }
}

/** A connection outside the pools, for what has to last as long as its session does. */
export class OwnSession implements Queryable {
  /** Resolves when the connection is gone, whoever closed it. */
  readonly ended: Promise<void>;

  private constructor(private readonly client: pg.Client) {
    this.ended = new Promise((resolve) => client.once('end', resolve).once('error', () => resolve()));
  }

  /** @throws SharedSessionError when a pooler answers in place of the server. */
  static async open(url: string): Promise<OwnSession> {
    const client = new DeadlineClient({
      ...clientConfigOf(url),
      connectionTimeoutMillis: PIPELINE_PATIENCE.connectionMs,
      query_timeout: PIPELINE_PATIENCE.statementMs ?? 0,
      keepAlive: true,
    });
    const session = new OwnSession(client);
    try {
      await client.connect();
      const [row] = await session.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
      // A pooler gives each client a key for canceling of its own, because its session changes.
      if (row.pid !== (client as unknown as { processID: number | null }).processID) throw new SharedSessionError();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async query<Row = unknown>(sql: string, parameters: unknown[] = []): Promise<Row> {
    return (await this.client.query(sql, parameters)).rows as Row;
  }

  /** The server plans the statement once. The pools cannot do that, because their sessions may be shared. */
  async queryPrepared<Row>(name: string, sql: string, parameters: unknown[]): Promise<Row> {
    return (await this.client.query({ name, text: sql, values: parameters })).rows as Row;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

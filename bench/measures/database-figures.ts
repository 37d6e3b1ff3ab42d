import type pg from 'pg';
import { until } from '../../test/support/wait.js';

/** The end of the write-ahead log, in bytes from its beginning. */
export async function walBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`);
  return Number(rows[0]!.bytes);
}

/** Resolves when no delivery waits or is under way. */
export async function untilQueueIsEmpty(client: pg.Client, deadlineMs: number): Promise<void> {
  await until('the queue to be empty', async () => !(await hasQueued(client)), deadlineMs);
}

async function hasQueued(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>('SELECT EXISTS (SELECT FROM delivery_queue)');
  return rows[0]!.exists;
}

export async function countQueued(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM delivery_queue');
  return Number(rows[0]!.count);
}

export async function countEvents(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM event');
  return Number(rows[0]!.count);
}

/** With one attempt, by the service's own tables. */
export async function countSucceeded(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) FROM delivery WHERE status = 'succeeded' AND attempt_count = 1`,
  );
  return Number(rows[0]!.count);
}

/** With its indexes, in bytes. */
export async function queueBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(`SELECT pg_total_relation_size('delivery_queue') AS bytes`);
  return Number(rows[0]!.bytes);
}

/** Of the queue, and of the tables that have most, by the database's own counters. */
export async function deadRows(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ relname: string; dead: string }>(
    `SELECT relname, n_dead_tup AS dead FROM pg_stat_user_tables
     ORDER BY relname = 'delivery_queue' DESC, n_dead_tup DESC LIMIT 4`,
  );
  return Object.fromEntries(rows.map(({ relname, dead }) => [relname, Number(dead)]));
}

/** The version, and for a server the settings that decide how much a commit costs. */
export async function describePostgres(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ version: string; settings: string }>(
    `SELECT current_setting('server_version') AS version,
       format('fsync %s, synchronous_commit %s, shared_buffers %s', current_setting('fsync'),
         current_setting('synchronous_commit'), current_setting('shared_buffers')) AS settings`,
  );
  return `${rows[0]!.version} (${rows[0]!.settings})`;
}

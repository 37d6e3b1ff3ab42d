import type pg from 'pg';
import { payloadOf } from '../helpers/payload.js';
import type { Storage } from '../service/engine.js';
import { monotonicMs } from './clock.js';
import { atPlannedInstants } from './planned-instants.js';
import { type Distribution, Samples } from './samples.js';

/** Within the ten of a service; on the embedded engine all lead to its one session. */
const CONNECTIONS = 8;

/**
 * What a durable server owes before it answers: one row of 250 bytes, inserted and committed, at a rate, whether or not
 * earlier ones are committed.
 *
 * @returns milliseconds from the planned instant until the commit.
 */
export async function measureCommits(
  storage: Storage,
  { perSecond, warmUpSeconds, seconds }: { perSecond: number; warmUpSeconds: number; seconds: number },
): Promise<Distribution> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => storage.connect()));
  try {
    await clients[0]!.query('CREATE TABLE bench_commit (payload text NOT NULL)');
    await commitInTime(clients, perSecond, warmUpSeconds);
    const commitsMs = await commitInTime(clients, perSecond, seconds);
    await clients[0]!.query('DROP TABLE bench_commit');
    return commitsMs.distribution;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function commitInTime(clients: readonly pg.Client[], perSecond: number, seconds: number): Promise<Samples> {
  const samples = new Samples();
  const idle = [...clients];
  const commit = async (client: pg.Client, atMs: number): Promise<void> => {
    // Outside a transaction block a statement is a transaction of its own: it is answered when it is committed.
    await client.query('INSERT INTO bench_commit (payload) VALUES ($1)', [payloadOf(0, 0)]);
    samples.add(monotonicMs() - atMs);
    idle.push(client);
  };
  const startMs = monotonicMs();
  const commits: Promise<void>[] = [];
  await atPlannedInstants({ startMs, endMs: startMs + seconds * 1000, perSecond }, (atMs) => {
    const client = idle.shift();
    if (client) commits.push(commit(client, atMs));
    return client !== undefined;
  });
  await Promise.all(commits);
  return samples;
}

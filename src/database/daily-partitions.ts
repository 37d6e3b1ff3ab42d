import { DataSource, type EntityManager } from 'typeorm';
import { uuidV7Floor } from '../common/uuid-v7.js';
import { SCHEMA_LOCK } from './schema-lock.js';
import { isMissingPartition } from './sqlstate.js';

const DAY_MS = 86_400_000;
const DAYS_BACK = 1;
const DAYS_AHEAD = 7;

/**
 * How long it may wait for a table that somebody alters: whoever wants to insert there would queue up behind it. There
 * is another chance in an hour, days before a partition is needed.
 */
const LOCK_TIMEOUT = '2s';

/** The tables that are partitioned by the day in their UUIDv7 key. */
const PARTITIONED_TABLES = ['event', 'delivery', 'attempt'] as const;

interface Partition {
  name: string;
  table: string;
  from: string;
  to: string;
}

/**
 * Keeps the day partitions of the logs ahead of the clock: from yesterday, for rows on their way and clocks that
 * differ, to a week from now, so that a failure has days to be noticed.
 *
 * No DEFAULT partition takes what has none: with one, PostgreSQL can no longer scan partitions in the order of the
 * key, which newest-first lists live on, and every new partition would first have to be proven absent from it.
 */
export class DailyPartitions {
  constructor(private readonly dataSource: DataSource) {}

  /** Whether nothing is missing. */
  async areMade(now: Date): Promise<boolean> {
    return (await findMissing(this.dataSource.manager, partitionsAround(now))).length === 0;
  }

  /**
   * Makes the partitions that are missing. Can be called at any time and by several replicas at once; costs one small
   * query when there is nothing to do.
   *
   * @param now the instant whose UTC day is today.
   */
  async ensure(now: Date): Promise<void> {
    if (await this.areMade(now)) return;
    const wanted = partitionsAround(now);
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
      await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
      for (const partition of await findMissing(manager, wanted)) await makePartition(manager, partition);
    });
  }

  /**
   * Runs `work`, and once more when it failed because a day has no partition: a process that slept past those made
   * ahead mends that by itself.
   */
  async provide<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      await this.ensure(new Date());
      return await work();
    }
  }
}

function partitionsAround(now: Date): Partition[] {
  const today = Math.floor(now.getTime() / DAY_MS);
  const days = Array.from({ length: DAYS_BACK + 1 + DAYS_AHEAD }, (_, index) => today - DAYS_BACK + index);
  return PARTITIONED_TABLES.flatMap((table) =>
    days.map((day) => ({
      name: `${table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`,
      table,
      from: uuidV7Floor(day * DAY_MS),
      to: uuidV7Floor((day + 1) * DAY_MS),
    })),
  );
}

async function findMissing(manager: EntityManager, wanted: Partition[]): Promise<Partition[]> {
  const rows = await manager.query<{ name: string }[]>(
    `SELECT child.relname AS name
       FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
      WHERE inhparent = ANY ($1::regclass[])`,
    [PARTITIONED_TABLES],
  );
  const existing = new Set(rows.map(({ name }) => name));
  return wanted.filter(({ name }) => !existing.has(name));
}

/** Made beside and attached: unlike `CREATE TABLE … PARTITION OF`, that does not lock the table against inserts. */
async function makePartition(manager: EntityManager, { name, table, from, to }: Partition): Promise<void> {
  await manager.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`);
  await manager.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

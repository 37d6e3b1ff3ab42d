import { DataSource, type EntityManager } from 'typeorm';
import { timeOf } from '../common/uuid-v7.js';
import {
  dayOf,
  findPartitions,
  LOCK_TIMEOUT,
  type Partition,
  PARTITIONED_TABLES,
  partitionOf,
} from './day-partition.js';
import { SCHEMA_LOCK } from './schema-lock.js';
import { idWithoutPartition } from './sqlstate.js';

const DAYS_BACK = 1;
const DAYS_AHEAD = 7;

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
    await this.make(partitionsAround(now));
  }

  /**
   * Runs `work`, and again when it failed because a day has no partition, which is made first: a process that slept past
   * those made ahead mends that by itself, and what is still owed of a day that was dropped can end. Work that names
   * several such days is run once more for each.
   *
   * @param work runs to its end or changes nothing: a statement, or a whole transaction.
   */
  async provide<T>(work: () => Promise<T>): Promise<T> {
    for (const made = new Set<number>(); ;) {
      try {
        return await work();
      } catch (error) {
        const id = idWithoutPartition(error);
        const day = id === null ? null : dayOf(timeOf(id));
        if (day === null || made.has(day)) throw error;
        made.add(day);
        await this.make(PARTITIONED_TABLES.map((table) => partitionOf(table, day)));
      }
    }
  }

  /** The days that have a partition in one of the logs, as days since 1970-01-01. */
  async listDays(): Promise<number[]> {
    return [...new Set((await findPartitions(this.dataSource)).map(({ day }) => day))];
  }

  private async make(wanted: readonly Partition[]): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
      await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
      for (const partition of await findMissing(manager, wanted)) await makePartition(manager, partition);
    });
  }
}

function partitionsAround(now: Date): Partition[] {
  const today = dayOf(now.getTime());
  const days = Array.from({ length: DAYS_BACK + 1 + DAYS_AHEAD }, (_, index) => today - DAYS_BACK + index);
  return PARTITIONED_TABLES.flatMap((table) => days.map((day) => partitionOf(table, day)));
}

async function findMissing(manager: EntityManager, wanted: readonly Partition[]): Promise<Partition[]> {
  const existing = new Set((await findPartitions(manager)).map(({ name }) => name));
  return wanted.filter(({ name }) => !existing.has(name));
}

/** Made beside and attached: unlike `CREATE TABLE … PARTITION OF`, that does not lock the table against inserts. */
async function makePartition(manager: EntityManager, { name, table, from, to }: Partition): Promise<void> {
  await manager.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`);
  await manager.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

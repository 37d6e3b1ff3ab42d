import { DataSource, type EntityManager } from 'typeorm';
import { timeOf } from '../../common/uuid-v7.js';
import { dayOf, findPartitions, type Partition, PARTITIONED_TABLES, partitionOf } from './day-partition.js';
import { idWithoutPartition } from '../sqlstate.js';

const DAYS_BACK = 1;
const DAYS_AHEAD = 7;

/**
 * Keeps the day partitions of the logs ahead of the clock. They reach from yesterday, for rows on their way and clocks
 * that differ, to a week from now, so that there are days to notice a failure.
 *
 * No DEFAULT partition takes rows without a day. With one, PostgreSQL can no longer scan partitions in the order of the
 * key, which newest-first lists need, and for every new partition it would have to check the default one first.
 */
export class DailyPartitions {
  constructor(private readonly dataSource: DataSource) {}

  async areMade(now: Date): Promise<boolean> {
    return (await findMissing(this.dataSource.manager, partitionsAround(now))).length === 0;
  }

  /**
   * Makes the missing partitions. It may be called at any time and by several replicas at once, and costs one small
   * query when there is nothing to do.
   *
   * @param now the instant whose UTC day is today.
   */
  async ensure(now: Date): Promise<void> {
    if (await this.areMade(now)) return;
    await this.make(partitionsAround(now));
  }

  /**
   * Runs `work`. If it failed because a day has no partition, makes the partition and runs it again. So a process that
   * slept past the prepared days repairs that by itself, and deliveries of a dropped day can still end. Work with
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

  /**
   * Calls a function of the database that acts as the owner of the tables (migration 1765600000000). Under the lock of
   * the schema it makes those that are still missing. It waits two seconds at most for a table that somebody alters or
   * cleans up.
   */
  private async make(wanted: readonly Partition[]): Promise<void> {
    await this.dataSource.query(
      'SELECT make_day(log, day) FROM unnest($1::text[], $2::integer[]) AS wanted (log, day)',
      [wanted.map(({ table }) => table), wanted.map(({ day }) => day)],
    );
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

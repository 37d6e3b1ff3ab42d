import { DataSource, type EntityManager } from 'typeorm';
import { timeOf } from '../../common/uuid-v7.js';
import { dayOf, findPartitions, type Partition, PARTITIONED_TABLES, partitionOf } from './day-partition.js';
import { idWithoutPartition } from '../sqlstate.js';

const DAYS_BACK = 1;
const DAYS_AHEAD = 7;

/**
 * Keeps the day partitions ahead of the clock: from yesterday, for late rows and clocks that differ, to a week from
 * now, to have days to notice a failure. There is no DEFAULT partition: with one, PostgreSQL cannot scan partitions in
 * the order of the key, which newest-first lists need, and checks it for every new one.
 */
export class DailyPartitions {
  constructor(private readonly dataSource: DataSource) {}

  async areMade(now: Date): Promise<boolean> {
    return (await findMissing(this.dataSource.manager, partitionsAround(now))).length === 0;
  }

  /**
   * Several replicas may call it at any time. It costs one small query when there is nothing to do.
   *
   * @param now the instant whose UTC day is today.
   */
  async ensure(now: Date): Promise<void> {
    if (await this.areMade(now)) return;
    await this.make(partitionsAround(now));
  }

  /**
   * If `work` fails because a day has no partition, makes it and runs the work again, once for each such day. So a
   * process that slept past the prepared days recovers, and deliveries of a dropped day can still end.
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

  async listDays(): Promise<number[]> {
    return [...new Set((await findPartitions(this.dataSource)).map(({ day }) => day))];
  }

  /**
   * The function acts as the owner of the tables (migration 1765600000000), under the lock of the schema. It waits two
   * seconds at most for a table that somebody alters or cleans up.
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

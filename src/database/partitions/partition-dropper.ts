import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { dayOf, findPartitions, type Partition, type PartitionedTable } from './day-partition.js';
import { sqlstateOf } from '../sqlstate.js';

/** Whole days for which each log is kept. */
export type RetentionDays = Readonly<Record<PartitionedTable, number>>;

/** A few tries find a moment between statements. A backup that reads for hours is retried every hour. */
const TRIES = 5;
const RETRY_MS = 1_000;

const LOCK_NOT_AVAILABLE = '55P03';

export interface DropReport {
  dropped: string[];
  /** Their deliveries are not all finished. */
  owing: string[];
  /** They were in use all the time. */
  busy: string[];
}

/**
 * Drops the day partitions past their retention, a whole day at once. A day stays in all three logs if it has an
 * unfinished delivery, or an event that still owes some: the delivery needs its payload and a place for its log.
 * Deliveries share the first half of their event's id, so one range of ids covers them.
 *
 * A function of the database does it as the owner of the tables (migration 1765600000000). Everybody waits behind
 * DROP's lock on the partitioned table, so DROP comes last and waits at most 0.1 s. Before it, the partition is locked
 * against VACUUM only, with a wait of 2 s. In this order no user of the table waits for the partition while this waits
 * for the table.
 *
 * `DeliveriesService.retry` uses the table until its commit. So either the last look at the queue sees the retried
 * delivery, or the retry finds the day gone.
 */
export class PartitionDropper {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keptDays: RetentionDays,
  ) {}

  /**
   * Of several replicas one does it. The database's clock decides: a process with a wrong clock must not drop young
   * data.
   *
   * @param signal ends it between two partitions.
   * @param latestDay the latest possible day, whatever the database's clock says (retention-clock.ts).
   */
  async run(signal?: AbortSignal, latestDay = Infinity): Promise<DropReport> {
    const report: DropReport = { dropped: [], owing: [], busy: [] };
    const inUse = new Set<PartitionedTable>();
    /** Their events could not be dropped. Without deliveries, nobody would seem to have received them. */
    const daysOfEvents = new Set<number>();
    for (const partition of await this.findExpired(latestDay)) {
      if (signal?.aborted) break;
      const { table, day } = partition;
      // A table in use stays in use: its other days are not tried.
      const isLeft = inUse.has(table) || daysOfEvents.has(day);
      const outcome = isLeft ? 'busy' : await this.drop(partition, signal);
      if (outcome === 'busy' && !daysOfEvents.has(day)) inUse.add(table);
      if (outcome === 'busy' && table === 'event') daysOfEvents.add(day);
      if (outcome !== 'gone') report[outcome].push(partition.name);
    }
    return report;
  }

  /** Oldest first; for each day the event, then its deliveries, then their attempts. */
  private async findExpired(latestDay: number): Promise<Partition[]> {
    const [{ now }] = await this.dataSource.query<[{ now: Date }]>('SELECT now()');
    const today = Math.min(dayOf(now.getTime()), latestDay);
    const tables = Object.keys(this.keptDays);
    return (await findPartitions(this.dataSource))
      .filter(({ table, day }) => day < today - this.keptDays[table])
      .sort((a, b) => a.day - b.day || tables.indexOf(a.table) - tables.indexOf(b.table));
  }

  private async drop({ table, day }: Partition, signal?: AbortSignal): Promise<keyof DropReport | 'gone'> {
    for (let tries = 1; ; tries++) {
      try {
        const [{ outcome }] = await this.dataSource.query<[{ outcome: 'dropped' | 'owing' | 'gone' }]>(
          'SELECT drop_day($1, $2) AS outcome',
          [table, day],
        );
        return outcome;
      } catch (error) {
        if (sqlstateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
        if (tries === TRIES) return 'busy';
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) return 'busy';
      }
    }
  }
}

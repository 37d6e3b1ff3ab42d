import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { dayOf, findPartitions, LOCK_TIMEOUT, type Partition, type PartitionedTable } from './day-partition.js';
import { SCHEMA_LOCK } from './schema-lock.js';
import { sqlstateOf } from './sqlstate.js';

/** Whole days for which each log is kept. */
export type RetentionDays = Readonly<Record<PartitionedTable, number>>;

/**
 * How long it may wait for the partitioned table itself: whoever wants to read or write any day of it waits behind. A
 * few tries find a moment between statements; a backup that reads for hours is waited for from one hour to the next.
 */
const TABLE_LOCK_TIMEOUT = '100ms';
const TRIES = 5;
const RETRY_MS = 1_000;

/** `lock_not_available`: what a lock_timeout ends with. */
const LOCK_NOT_AVAILABLE = '55P03';

/** What became of a day that is past its time. */
export interface DropReport {
  dropped: string[];
  /** They own deliveries that are not finished. */
  owing: string[];
  /** They were in use all the time. */
  busy: string[];
}

/**
 * Drops the day partitions of the logs that are older than they are to be kept. A whole day goes at once: nothing is
 * deleted row by row.
 *
 * A day that owns an unfinished delivery, or an event that still owes some, stays, in all three logs: the delivery needs its event's payload, and the place
 * where it will be logged. Deliveries have the first half of their event's id, so one range of ids is all of them.
 */
export class PartitionDropper {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keptDays: RetentionDays,
  ) {}

  /**
   * Several replicas may call it at once; one of them does it. The database's clock decides: a process whose own is
   * wrong must not drop what is young.
   *
   * @param signal ends it between two partitions.
   * @param latestDay the day that it is at the latest, whatever the database's clock says (retention-clock.ts).
   */
  async run(signal?: AbortSignal, latestDay = Infinity): Promise<DropReport> {
    const report: DropReport = { dropped: [], owing: [], busy: [] };
    const inUse = new Set<PartitionedTable>();
    /** Days whose events could not be dropped: without their deliveries they would look as if they had been missed. */
    const daysOfEvents = new Set<number>();
    for (const partition of await this.findExpired(latestDay)) {
      if (signal?.aborted) break;
      const { table, day } = partition;
      // Who uses the table uses it still: its other days are not tried for.
      const isLeft = inUse.has(table) || daysOfEvents.has(day);
      const outcome = isLeft ? 'busy' : await this.drop(partition, signal);
      if (outcome === 'busy' && !daysOfEvents.has(day)) inUse.add(table);
      if (outcome === 'busy' && table === 'event') daysOfEvents.add(day);
      if (outcome !== 'gone') report[outcome].push(partition.name);
    }
    return report;
  }

  /** Oldest first; of one day the event, then its deliveries, then their attempts. */
  private async findExpired(latestDay: number): Promise<Partition[]> {
    const [{ now }] = await this.dataSource.query<[{ now: Date }]>('SELECT now()');
    const today = Math.min(dayOf(now.getTime()), latestDay);
    const tables = Object.keys(this.keptDays);
    return (await findPartitions(this.dataSource))
      .filter(({ table, day }) => day < today - this.keptDays[table])
      .sort((a, b) => a.day - b.day || tables.indexOf(a.table) - tables.indexOf(b.table));
  }

  private async drop(partition: Partition, signal?: AbortSignal): Promise<keyof DropReport | 'gone'> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.dataSource.transaction((manager) => tryToDrop(manager, partition));
      } catch (error) {
        if (sqlstateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
        if (tries === TRIES) return 'busy';
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) return 'busy';
      }
    }
  }
}

/**
 * DROP locks the partitioned table against everything, so it comes last and waits least. Before it the partition is
 * locked against VACUUM alone, which can take long. In that order nobody who uses the table waits for the partition while
 * this waits for the table.
 *
 * Whoever brings a delivery of that day back into the queue has the table in use until the commit
 * (`DeliveriesService.retry`): so either the last look at the queue sees the delivery, or the other one finds the day gone.
 */
async function tryToDrop(manager: EntityManager, partition: Partition): Promise<keyof DropReport | 'gone'> {
  const { name, table } = partition;
  const [lock] = await manager.query<[{ isHeld: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [
    SCHEMA_LOCK,
  ]);
  if (!lock.isHeld || !(await exists(manager, name))) return 'gone';
  if (await owesDeliveries(manager, partition)) return 'owing';
  await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await manager.query(`LOCK TABLE ${name} IN SHARE UPDATE EXCLUSIVE MODE`);
  await manager.query(`SET LOCAL lock_timeout = '${TABLE_LOCK_TIMEOUT}'`);
  // One statement: the table is locked for as long as it takes, and not for round trips.
  await manager.query(`
    DO $$ BEGIN
      LOCK TABLE ONLY ${table} IN ACCESS EXCLUSIVE MODE;
      IF NOT EXISTS (${owedOf(`'${partition.from}'`, `'${partition.to}'`)}) THEN
        DROP TABLE ${name};
      END IF;
    END $$`);
  return (await exists(manager, name)) ? 'owing' : 'dropped';
}

async function exists(manager: EntityManager, name: string): Promise<boolean> {
  const [row] = await manager.query<[{ exists: boolean }]>('SELECT to_regclass($1) IS NOT NULL AS exists', [name]);
  return row.exists;
}

async function owesDeliveries(manager: EntityManager, { from, to }: Partition): Promise<boolean> {
  return (await manager.query<unknown[]>(owedOf('$1', '$2'), [from, to])).length > 0;
}

function owedOf(from: string, to: string): string {
  return `
    (SELECT 1 FROM delivery_queue WHERE delivery_id >= ${from}::uuid AND delivery_id < ${to}::uuid LIMIT 1)
    UNION ALL
    (SELECT 1 FROM fan_out f WHERE last_event_id >= ${from}::uuid AND first_event_id < ${to}::uuid
      AND (SELECT n.deleted_at IS NULL FROM environment n WHERE n.id = f.environment_id) LIMIT 1)`;
}

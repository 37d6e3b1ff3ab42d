import { dayOf, type Partition, PARTITIONED_TABLES } from './day-partition.js';

/** In days from today. */
export interface PartitionSpan {
  /** Whole days after today that all logs have without a gap; -1: today is missing. */
  aheadDays: number;
  /** Of any log; 0 if there is none before today. */
  oldestAgeDays: number;
}

/** @param nowMs Unix time in milliseconds. */
export function partitionSpan(partitions: readonly Partition[], nowMs: number): PartitionSpan {
  const today = dayOf(nowMs);
  const tablesOf = new Map<number, number>();
  for (const { day } of partitions) tablesOf.set(day, (tablesOf.get(day) ?? 0) + 1);
  let aheadDays = -1;
  while (tablesOf.get(today + aheadDays + 1) === PARTITIONED_TABLES.length) aheadDays += 1;
  const oldest = Math.min(today, ...tablesOf.keys());
  return { aheadDays, oldestAgeDays: today - oldest };
}

import type { DataSource, EntityManager } from 'typeorm';
import { tryToLockStats } from '../database/stats-lock.js';
import {
  type Bucket,
  type BucketKey,
  findBuckets,
  takeBuckets,
  takeEntries,
  writeBuckets,
} from './stats.repository.js';
import { type Level, LEVELS } from './stats-window.js';
import { type StatsRow, Tally } from './tally.js';

/**
 * What one transaction moves: it holds the embedded engine's session for about 0.05 s, and the event loop if each entry
 * is of another webhook.
 */
const ENTRIES_PER_MOVE = 500;
const BUCKETS_PER_MOVE = 250;

export interface Moved {
  hasMoved: boolean;
  /** There may be more to move. */
  isMore: boolean;
}

/**
 * Moves the oldest entries into buckets, or if they are few, old buckets into wider ones. A reader finds everything in
 * one place. One replica at a time moves; the others do nothing.
 */
export function moveStats(dataSource: DataSource): Promise<Moved> {
  return dataSource.transaction(async (manager) => {
    if (!(await tryToLockStats(manager))) return { hasMoved: false, isMore: false };
    const entries = await takeEntries(manager, ENTRIES_PER_MOVE);
    const sums = new BucketSums(LEVELS[0]!);
    for (const entry of entries) {
      for (const subjectId of [entry.webhookId, entry.environmentId]) sums.add(entry.environmentId, subjectId, entry);
    }
    await sums.write(manager);
    if (entries.length === ENTRIES_PER_MOVE) return { hasMoved: true, isMore: true };
    const old = await takeBuckets(manager, BUCKETS_PER_MOVE);
    for (const [index, level] of LEVELS.entries()) {
      const narrower = LEVELS[index - 1]?.widthS;
      const wider = new BucketSums(level);
      wider.addAll(old.filter(({ widthS }) => widthS === narrower));
      await wider.write(manager);
    }
    // What has moved may be old enough to move again.
    return { hasMoved: entries.length > 0 || old.length > 0, isMore: old.length > 0 };
  });
}

interface BucketSum extends BucketKey {
  tally: Tally;
}

class BucketSums {
  private readonly sums = new Map<string, BucketSum>();

  constructor(private readonly level: Level) {}

  /** Rows are not copied: a thousand copies stopped the event loop for 20 ms. */
  add(environmentId: string, subjectId: string, row: StatsRow): void {
    const widthMs = this.level.widthS * 1_000;
    const beginning = Math.floor(row.at.getTime() / widthMs) * widthMs;
    const key = `${environmentId} ${subjectId} ${beginning}`;
    let sum = this.sums.get(key);
    if (!sum) {
      sum = { environmentId, subjectId, at: new Date(beginning), tally: new Tally() };
      this.sums.set(key, sum);
    }
    sum.tally.add(row);
  }

  addAll(buckets: readonly Bucket[]): void {
    for (const bucket of buckets) this.add(bucket.environmentId, bucket.subjectId, bucket);
  }

  /** Adds to what the buckets hold already. */
  async write(manager: EntityManager): Promise<void> {
    if (this.sums.size === 0) return;
    // A separate statement: it must see what the last holder of the lock has written.
    this.addAll(await findBuckets(manager, this.level.widthS, [...this.sums.values()]));
    const buckets = [...this.sums.values()].map(({ environmentId, subjectId, at, tally }) => ({
      environmentId,
      subjectId,
      at,
      ...tally.row,
    }));
    await writeBuckets(manager, this.level, buckets);
  }
}

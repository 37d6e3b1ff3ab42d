import type { DataSource, EntityManager } from 'typeorm';
import { tryToLockStats } from '../../database/stats-lock.js';
import { type Bucket, findBuckets, takeBuckets, takeEntries, writeBuckets } from './stats.repository.js';
import { type Level, LEVELS } from './stats-window.js';
import { Tally } from './tally.js';

/** What one transaction moves: bounds how long it holds the embedded engine's session, about 0.1 s. */
const ENTRIES_PER_MOVE = 1_000;
const BUCKETS_PER_MOVE = 250;

/**
 * Moves the oldest entries into buckets, or if there are few, buckets that are old enough into wider ones. A reader finds
 * what has happened in one place or the other; one replica at a time moves, and the others pass it over.
 *
 * @returns whether there may be more to move.
 */
export function moveStats(dataSource: DataSource): Promise<boolean> {
  return dataSource.transaction(async (manager) => {
    if (!(await tryToLockStats(manager))) return false;
    const entries = await takeEntries(manager, ENTRIES_PER_MOVE);
    const parts = entries.flatMap(({ webhookId, ...row }) => [
      { ...row, subjectId: webhookId },
      { ...row, subjectId: row.environmentId },
    ]);
    await addTo(manager, LEVELS[0]!, parts);
    if (entries.length === ENTRIES_PER_MOVE) return true;
    const old = await takeBuckets(manager, BUCKETS_PER_MOVE);
    for (const [index, level] of LEVELS.entries()) {
      const narrower = LEVELS[index - 1]?.widthS;
      const buckets = old.filter(({ widthS }) => widthS === narrower);
      await addTo(manager, level, buckets);
    }
    // What has moved may be old enough to move again.
    return old.length > 0;
  });
}

async function addTo(manager: EntityManager, level: Level, rows: readonly Bucket[]): Promise<void> {
  if (rows.length === 0) return;
  const { widthS } = level;
  const targets = new Map<string, Pick<Bucket, 'environmentId' | 'subjectId' | 'at'> & { tally: Tally }>();
  const add = ({ environmentId, subjectId, ...row }: Bucket): void => {
    const beginning = Math.floor(row.at.getTime() / (widthS * 1_000)) * widthS * 1_000;
    const key = `${environmentId} ${subjectId} ${beginning}`;
    const target = targets.get(key) ?? { environmentId, subjectId, at: new Date(beginning), tally: new Tally() };
    target.tally.add(row);
    targets.set(key, target);
  };
  rows.forEach(add);
  // A statement of its own: it must see what the one that had the lock before has written.
  (await findBuckets(manager, widthS, [...targets.values()])).forEach(add);
  const buckets = [...targets.values()].map(({ tally, ...key }) => ({ ...key, ...tally.row }));
  await writeBuckets(manager, level, buckets);
}

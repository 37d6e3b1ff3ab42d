import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { within } from '../common/within.js';
import { ReadTurns } from '../reads/read-turns.js';
import { countPending, type PendingOwner } from './queue/count-pending.js';
import { countOwed } from './queue/fan-out-reads.js';

export interface PendingCount {
  pending: number;
  /** Too many are pending to count them for each answer: the number is a little older, or a lower bound. */
  isEstimate: boolean;
}

/** How long an answer waits for a count. */
const PATIENCE_MS = 500;

/** A count of several statements stays good for this many times what it took, so counting takes a twentieth of the time at most. */
const GOOD_FOR_TIMES = 20;

/** Subjects that are remembered: some 3 MB. */
const MAX_SUBJECTS = 10_000;

/** A count adds nothing to the reads of its environment: whoever waits for it counts there already. */
const COUNT_ROWS = 0;

interface Subject {
  count: PendingCount;
  /** `performance.now()` until which the count is good. */
  goodUntil: number;
  /** The count that began last. */
  running: Promise<void>;
  /** The one that begins when that has ended. */
  next: Promise<void> | null;
}

/**
 * Counts what is pending, once for all who ask at the same time. Up to 50,000 are counted by one statement, in
 * milliseconds, and that is the number of this moment. Of more, the last count is told for a while, and while there is
 * none how far the first has come.
 */
@Injectable()
export class PendingCounts {
  private readonly subjects = new LRUCache<string, Subject>({ max: MAX_SUBJECTS });

  constructor(
    private readonly dataSource: DataSource,
    private readonly turns: ReadTurns,
  ) {}

  /**
   * @param environmentId the environment that `id` is of, or is.
   * @throws ApiError RATE_LIMITED
   */
  async of(environmentId: string, owner: PendingOwner, id: string): Promise<PendingCount> {
    const subject = this.subjectOf(id);
    const isGood = (): boolean => performance.now() < subject.goodUntil;
    if (isGood()) return subject.count;
    // Not the count that runs: it may have passed what the caller has just done.
    subject.next ??= subject.running
      .catch(() => undefined)
      .then(() => {
        subject.next = null;
        if (!isGood()) subject.running = this.count(subject, environmentId, owner, id);
        return subject.running;
      });
    const late = new Error('The count goes on');
    await within(PATIENCE_MS, subject.next, () => late).catch((error: unknown) => {
      if (error !== late) throw error;
    });
    return subject.count;
  }

  private count(subject: Subject, environmentId: string, owner: PendingOwner, id: string): Promise<void> {
    const reader = { environmentId, tokenId: `count of ${id}`, signal: new AbortController().signal };
    const startedAt = performance.now();
    let isOneStatement = true;
    return this.turns.run(reader, COUNT_ROWS, async (inTurn) => {
      // Before what is in the queue: what moves there meanwhile is seen.
      const owed = await countOwed(this.dataSource, owner, id);
      const { waiting, leased } = await countPending(this.dataSource, owner, id, {
        inTurn,
        onProgress: (found) => {
          isOneStatement = false;
          // Also where fewer than that were counted before: some of them wait no longer.
          if (owed + found > subject.count.pending) subject.count = { pending: owed + found, isEstimate: true };
        },
      });
      subject.count = { pending: owed + waiting + leased, isEstimate: !isOneStatement };
      const now = performance.now();
      if (!isOneStatement) subject.goodUntil = now + (now - startedAt) * GOOD_FOR_TIMES;
    });
  }

  private subjectOf(id: string): Subject {
    const known = this.subjects.get(id);
    if (known) return known;
    const subject: Subject = {
      count: { pending: 0, isEstimate: true },
      goodUntil: 0,
      running: Promise.resolve(),
      next: null,
    };
    this.subjects.set(id, subject);
    return subject;
  }
}

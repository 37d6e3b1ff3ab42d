import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { within } from '../common/within.js';
import { ReadTurns } from '../reads/read-turns.js';
import { countPending, type PendingOwner } from './queue/count-pending.js';
import { countOwed } from './queue/fan-out-reads.js';

export interface PendingCount {
  pending: number;
  /** Too many are pending to count them for each answer: the number is somewhat old, or a lower bound. */
  isEstimate: boolean;
}

const PATIENCE_MS = 500;

/**
 * A count of several statements stays good for this many times what it took: counting takes a twentieth of the time at
 * most.
 */
const GOOD_FOR_TIMES = 20;

/** About 3 MB. */
const MAX_SUBJECTS = 10_000;

/** Nothing is added to the reads of its environment: whoever waits for the count is counted there. */
const COUNT_ROWS = 0;

interface Subject {
  count: PendingCount;
  /** `performance.now()` until which the count is good. */
  goodUntil: number;
  running: Promise<void>;
  /** Begins when that has ended. */
  next: Promise<void> | null;
}

/**
 * Counts what is pending, once for all who ask at the same time. One statement counts up to 50,000 in milliseconds, and
 * that number is exact. For more, the last count is told for a while, or how far the first one has come.
 */
@Injectable()
export class PendingCounts {
  private readonly subjects = new LRUCache<string, Subject>({ max: MAX_SUBJECTS });

  constructor(
    private readonly dataSource: DataSource,
    private readonly turns: ReadTurns,
  ) {}

  /**
   * @param environmentId of `id`, or `id` itself.
   * @throws ApiError RATE_LIMITED
   */
  async of(environmentId: string, owner: PendingOwner, id: string): Promise<PendingCount> {
    const subject = this.subjectOf(id);
    const isGood = (): boolean => performance.now() < subject.goodUntil;
    if (isGood()) return subject.count;
    // The running count may have passed what the caller has just done.
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
      // Before the queue: what moves there meanwhile is then not missed.
      const owed = await countOwed(this.dataSource, owner, id);
      const { waiting, leased } = await countPending(this.dataSource, owner, id, {
        inTurn,
        onProgress: (found) => {
          isOneStatement = false;
          // More are found than the last count says, so that is out of date.
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

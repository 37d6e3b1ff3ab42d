import type { Unlocked } from '../queue/replica-locks.js';

/** In this time a living replica whose connection broke takes its lock again, or says that it holds none. */
export const RELOCK_MS = 500;

/**
 * The same, for whoever lost its own connection: then the others have probably lost theirs, too. Longer than they take to
 * send a heartbeat.
 */
export const RELOCK_AFTER_BREAK_MS = 3_000;

/** Tells the dead among replicas whose locks are free, from look to look. Times are `performance.now()`. */
export class LockWatch {
  private readonly free = new Map<string, { seenAt: string; since: number }>();

  /** @param judgesFrom nobody is dead before. */
  constructor(private readonly judgesFrom = -Infinity) {}

  /**
   * @param unlocked all whose locks are free now; each look replaces the one before.
   * @returns those whose lock has been free for `RELOCK_MS`, without a heartbeat.
   */
  note(unlocked: readonly Unlocked[], askedAt: number, answeredAt: number): Unlocked[] {
    const known = new Map(this.free);
    this.free.clear();
    for (const { id, seenAt } of unlocked) {
      const before = known.get(id);
      this.free.set(id, before?.seenAt === seenAt ? before : { seenAt, since: answeredAt });
    }
    if (askedAt < this.judgesFrom) return [];
    return unlocked.filter(({ id }) => askedAt - this.free.get(id)!.since >= RELOCK_MS);
  }

  /** How long to wait before the next look, `atMostMs` at most. */
  nextInMs(now: number, atMostMs: number): number {
    const decisions = [...this.free.values()].map(({ since }) => Math.max(since + RELOCK_MS, this.judgesFrom) - now);
    return Math.max(0, Math.min(atMostMs, ...decisions.filter((ms) => ms > 0)));
  }
}

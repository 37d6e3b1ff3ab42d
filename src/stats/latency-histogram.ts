import { middleOfInterval } from '../deliveries/queue/latency-intervals.js';

/** Percentiles from intervals of durations. */
export class LatencyHistogram {
  private readonly counts = new Map<number, number>();
  private total = 0;

  get count(): number {
    return this.total;
  }

  /** Intervals with attempts, short durations first. */
  get entries(): [interval: number, count: number][] {
    return [...this.counts].sort(([a], [b]) => a - b);
  }

  add(interval: number, count: number): void {
    this.counts.set(interval, (this.counts.get(interval) ?? 0) + count);
    this.total += count;
  }

  /**
   * @param shares of the attempts, above 0 and at most 1, in ascending order.
   * @returns for each the shortest duration that so many attempts did not exceed, in whole milliseconds, within 3.2 %;
   *   null without attempts.
   */
  percentiles<Shares extends readonly number[]>(...shares: Shares): { [Index in keyof Shares]: number | null };
  percentiles(...shares: number[]): (number | null)[] {
    const { entries } = this;
    let index = -1;
    let passed = 0;
    return shares.map((share) => {
      // Rounded first: 0.95 × 100 is a little more than 95.
      const rank = Math.ceil(Number((share * this.total).toFixed(6)));
      while (passed < rank) passed += entries[++index]![1];
      return index < 0 ? null : middleOfInterval(entries[index]![0]);
    });
  }
}

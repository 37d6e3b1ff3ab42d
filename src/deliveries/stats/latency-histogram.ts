import { middleOfInterval } from '../queue/latency-intervals.js';

/** How many attempts took how long, in intervals so narrow that any percentile is within 5 %. */
export class LatencyHistogram {
  private readonly counts = new Map<number, number>();
  private total = 0;

  get count(): number {
    return this.total;
  }

  add(interval: number, count: number): void {
    this.counts.set(interval, (this.counts.get(interval) ?? 0) + count);
    this.total += count;
  }

  /**
   * @param share of the attempts, above 0 and at most 1.
   * @returns the shortest duration in whole milliseconds, within 3.2 %, that so many attempts did not exceed; null without
   *   attempts.
   */
  percentile(share: number): number | null {
    // Rounded first: 0.95 × 100 is a little more than 95.
    let left = Math.ceil(Number((share * this.total).toFixed(6)));
    if (this.total === 0) return null;
    for (const [interval, count] of [...this.counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return middleOfInterval(interval);
    }
    return null;
  }
}

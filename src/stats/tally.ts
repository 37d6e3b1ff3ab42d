import { LatencyHistogram } from './latency-histogram.js';

/** What a stretch of time came to, or a part of that. */
export interface StatsRow {
  /** In the stretch. */
  at: Date;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Numbers of intervals, separated by commas. */
  latencies: string;
  /** How many attempts each of them has, likewise; null: one, and they may repeat. */
  latencyCounts: string | null;
}

/** Sums up rows. */
export class Tally {
  readonly latencies = new LatencyHistogram();
  private succeeded = 0;
  private failed = 0;
  private canceled = 0;

  /** What it came to, as it is kept. */
  get row(): Omit<StatsRow, 'at'> {
    const { entries } = this.latencies;
    return {
      ...this.counts,
      latencies: entries.map(([interval]) => interval).join(','),
      latencyCounts: entries.map(([, count]) => count).join(','),
    };
  }

  /** Below zero: deliveries are pending again whose end was recorded by a version without statistics. */
  get counts(): { succeeded: number; failed: number; canceled: number } {
    const { succeeded, failed, canceled } = this;
    return { succeeded, failed, canceled };
  }

  add({ succeeded, failed, canceled, latencies, latencyCounts }: StatsRow): void {
    this.succeeded += succeeded;
    this.failed += failed;
    this.canceled += canceled;
    if (latencies === '') return;
    const counts = latencyCounts?.split(',');
    latencies
      .split(',')
      .forEach((interval, index) => this.latencies.add(Number(interval), Number(counts?.[index] ?? 1)));
  }
}

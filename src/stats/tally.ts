import { LatencyHistogram } from './latency-histogram.js';

export interface StatsRow {
  /** Within the time that the row is about. */
  at: Date;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Numbers of intervals, separated by commas. */
  latencies: string;
  /** The attempts in each, likewise; null: one, and intervals may repeat. */
  latencyCounts: string | null;
}

export class Tally {
  readonly latencies = new LatencyHistogram();
  private succeeded = 0;
  private failed = 0;
  private canceled = 0;

  /** As it is stored. */
  get row(): Omit<StatsRow, 'at'> {
    const { entries } = this.latencies;
    return {
      ...this.counts,
      latencies: entries.map(([interval]) => interval).join(','),
      latencyCounts: entries.map(([, count]) => count).join(','),
    };
  }

  /** May be below zero: a delivery is pending again whose end a version without statistics recorded. */
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

import { LatencyHistogram } from './latency-histogram.js';
import type { StatsRow } from './stats.repository.js';

/** What a stretch of time came to. */
export class Tally {
  readonly latencies = new LatencyHistogram();
  private succeeded = 0;
  private failed = 0;
  private canceled = 0;

  /** What ended before there were statistics is not in them, and may have been taken out of them: never below zero. */
  get counts(): { succeeded: number; failed: number; canceled: number } {
    const { succeeded, failed, canceled } = this;
    return { succeeded: Math.max(0, succeeded), failed: Math.max(0, failed), canceled: Math.max(0, canceled) };
  }

  add({ succeeded, failed, canceled, latencies, latencyCounts }: StatsRow): void {
    this.succeeded += succeeded;
    this.failed += failed;
    this.canceled += canceled;
    latencies.forEach((interval, index) => this.latencies.add(interval, latencyCounts[index]!));
  }
}

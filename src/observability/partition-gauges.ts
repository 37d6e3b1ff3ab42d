import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { atMost } from '../common/within.js';
import { PIPELINE } from '../database/data-sources.js';
import { DatabaseClock } from '../database/database-clock.js';
import { findPartitions, type Partition } from '../database/partitions/day-partition.js';
import { type PartitionSpan, partitionSpan } from '../database/partitions/partition-span.js';
import { Metrics } from '../metrics/metrics.js';

/** Partitions change by the hour, so not every scrape reads them. */
const FRESH_MS = 60_000;

/** Scrapers usually give the whole answer 10 s. */
const DEADLINE_MS = 1_000;

/** Shows how far ahead events can be stored, and how far back they are kept. */
@Injectable()
export class PartitionGauges {
  private partitions: readonly Partition[] | null = null;
  private readAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
    metrics: Metrics,
  ) {
    metrics.beforeRead(() => this.refresh());
    metrics.gauge('partitionsAhead', {}, () => this.span()?.aheadDays ?? null);
    metrics.gauge('oldestDayAge', {}, () => this.span()?.oldestAgeDays ?? null);
  }

  private get isFresh(): boolean {
    return performance.now() - this.readAt < FRESH_MS;
  }

  private span(): PartitionSpan | null {
    return this.partitions && this.isFresh ? partitionSpan(this.partitions, this.clock.nowMs()) : null;
  }

  private async refresh(): Promise<void> {
    if (this.partitions && this.isFresh) return;
    this.reading ??= this.read().finally(() => {
      this.reading = null;
    });
    await atMost(DEADLINE_MS, this.reading);
  }

  /** Other users of the database log its failures; a line for each scrape would only repeat them. */
  private async read(): Promise<void> {
    try {
      this.partitions = await findPartitions(this.dataSource);
      this.readAt = performance.now();
    } catch {
      this.partitions = null;
    }
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { atMost } from '../../common/within.js';
import { Metrics } from '../../metrics/metrics.js';
import { type QueueState, readQueueState } from '../queue/read-queue-state.js';
import { PIPELINE } from '../../database/data-sources.js';

const FRESH_MS = 5_000;

/** How long a scrape waits for the database. Scrapers commonly give the whole answer 10 s. */
const DEADLINE_MS = 1_000;

/** Shows what waits in the database. Without an answer in time the series are absent, and the scrape goes on. */
@Injectable()
export class QueueGauges {
  private state: QueueState | null = null;
  private readAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    metrics: Metrics,
  ) {
    metrics.beforeRead(() => this.refresh());
    for (const state of ['due', 'held', 'later', 'leased'] as const) {
      metrics.gauge('queueDeliveries', { state }, () => this.fresh?.deliveries[state] ?? null);
    }
    for (const state of ['failing', 'down', 'recovering', 'paused'] as const) {
      metrics.gauge('endpoints', { state }, () => this.fresh?.endpoints[state] ?? null);
    }
    metrics.gauge('queueOwed', {}, () => this.fresh?.owed ?? null);
    metrics.gauge('queueOldestDue', {}, () => this.fresh?.oldestDueSeconds ?? null);
  }

  private get fresh(): QueueState | null {
    return performance.now() - this.readAt < FRESH_MS ? this.state : null;
  }

  /** Never two readings at once: while one hangs, each scrape waits for it up to the deadline. */
  private async refresh(): Promise<void> {
    if (this.fresh) return;
    this.reading ??= this.read().finally(() => {
      this.reading = null;
    });
    await atMost(DEADLINE_MS, this.reading);
  }

  /** Not logged: whoever uses the database logs that it fails, and each scrape would repeat that. */
  private async read(): Promise<void> {
    try {
      this.state = await readQueueState(this.dataSource);
      this.readAt = performance.now();
    } catch {
      this.state = null;
    }
  }
}

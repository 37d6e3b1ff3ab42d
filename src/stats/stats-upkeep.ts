import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { PIPELINE } from '../database/data-sources.js';
import { moveStats } from './stats-mover.js';

/** About how old an entry gets: a read looks through all of them. */
const ROUND_MS = 5_000;

/** After a transaction others have the database for twice as long as it took. */
const PAUSE_SHARE = 2;

/** Keeps statistics quick to read: few entries, and wide buckets for old times. */
@Injectable()
export class StatsUpkeep implements BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: StatsUpkeep.name,
    purpose: 'sum up statistics',
    everyMs: ROUND_MS,
    round: () => this.round(),
  });

  constructor(@InjectDataSource(PIPELINE) private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): void {
    this.task.abort();
  }

  /** Not in `onModuleDestroy`: Nest stops module after module, and statements under way end together here. */
  beforeApplicationShutdown(): Promise<void> {
    return this.task.stop();
  }

  private async round(): Promise<void> {
    for (let isMore = true; isMore && !this.task.isStopping;) {
      const startedAt = performance.now();
      isMore = await moveStats(this.dataSource);
      const pauseMs = (performance.now() - startedAt) * PAUSE_SHARE;
      if (isMore) await this.task.pause(pauseMs);
    }
  }
}

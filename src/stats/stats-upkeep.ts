import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { LookingPace } from '../common/looking-pace.js';
import { PIPELINE } from '../database/data-sources.js';
import { moveStats } from './stats-mover.js';

/** About how old an entry gets: a read looks through all of them. The first after a while without any may get older. */
const ROUND_MS = 5_000;
const PACE = { everyMs: ROUND_MS, idleMs: 15_000, idleAfter: 3 };

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
  private readonly pace = new LookingPace(PACE);

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
    if (!this.pace.isDue) return;
    let hasMoved = false;
    for (let isMore = true; isMore && !this.task.isStopping;) {
      const startedAt = performance.now();
      const moved = await moveStats(this.dataSource);
      hasMoved ||= moved.hasMoved;
      isMore = moved.isMore;
      const pauseMs = (performance.now() - startedAt) * PAUSE_SHARE;
      if (isMore) await this.task.pause(pauseMs);
    }
    this.pace.looked(hasMoved);
  }
}

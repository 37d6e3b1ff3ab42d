import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Repeater } from '../../common/repeater.js';
import { PipelineDataSource } from '../../database/data-sources.js';
import { mergeStats, trimStats } from './stats.repository.js';

/** How old an entry gets at most before it is merged: reading looks through all that are not. */
const ROUND_MS = 5_000;

/** After a statement others get at the database for twice as long as it took. */
const PAUSE_SHARE = 2;

/** Merges what deliveries came to into the sums that are read, and removes those that are in no window any more. */
@Injectable()
export class StatsMerger implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(StatsMerger.name);
  private readonly stopping = new AbortController();
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'could not merge statistics; trying again in five seconds', err: error });
  });

  constructor(@PipelineDataSource() private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.repeater.startLater(() => this.work());
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.repeater.stop();
  }

  private async work(): Promise<void> {
    await this.repeat(() => mergeStats(this.dataSource));
    await this.repeat(() => trimStats(this.dataSource));
  }

  private async repeat(step: () => Promise<boolean>): Promise<void> {
    const { signal } = this.stopping;
    for (let isMore = true; isMore && !signal.aborted;) {
      const startedAt = performance.now();
      isMore = await step();
      const pauseMs = isMore ? (performance.now() - startedAt) * PAUSE_SHARE : 0;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

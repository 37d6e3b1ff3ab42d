import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Repeater } from '../../common/repeater.js';
import { PipelineDataSource } from '../../database/data-sources.js';
import { moveStats } from './stats-mover.js';

/** How old an entry gets, about: reading looks through all of them. */
const ROUND_MS = 5_000;

/** After a transaction others get at the database for twice as long as it took. */
const PAUSE_SHARE = 2;

/** Keeps statistics quick to read: few entries, and wide buckets for what is long ago. */
@Injectable()
export class StatsUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(StatsUpkeep.name);
  private readonly stopping = new AbortController();
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'could not sum up statistics; trying again in five seconds', err: error });
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
    const { signal } = this.stopping;
    for (let isMore = true; isMore && !signal.aborted;) {
      const startedAt = performance.now();
      isMore = await moveStats(this.dataSource);
      const pauseMs = (performance.now() - startedAt) * PAUSE_SHARE;
      if (isMore) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../../common/background-task.js';
import { Config } from '../../config/config.js';
import { PIPELINE } from '../data-sources.js';
import { analyze, checkpoint, findLogBytes, findNeglectedTables, vacuum } from './upkeep-statements.js';

/** Short, so that each round has little to do: a minute's work kept requests waiting for 0.2 s. */
const ROUND_MS = 10_000;

/** After each statement, others have the session for twice as long as it took. */
const PAUSE_SHARE = 2;

/**
 * Limits the disk space of the log, and what a start after `kill -9` has to replay (1.8 s for 277 MB). A checkpoint
 * holds the session for 0.02 s, or 0.4 s after 900 MB of changes.
 */
const CHECKPOINT_AFTER_BYTES = 32 * 1024 * 1024;

/**
 * The autovacuum and checkpointer of the embedded engine, which is one process and lacks both. Without them the queue
 * would keep a dead row per delivery, the planner would have no statistics, and the log would grow for ever. Each
 * statement works on one table, with a pause after it for others.
 */
@Injectable()
export class EmbeddedUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: EmbeddedUpkeep.name,
    purpose: 'tidy the embedded database',
    everyMs: ROUND_MS,
    round: () => this.runRound(),
  });

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.databaseUrl === null) this.task.start();
  }

  /** Waits for the running statement. The next start does the remaining tables. */
  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  async runRound(): Promise<void> {
    for (const table of await findNeglectedTables(this.dataSource)) {
      if (table.needsVacuum) await this.hold(() => vacuum(this.dataSource, table));
      if (table.needsAnalyze) await this.hold(() => analyze(this.dataSource, table));
    }
    // After VACUUM, because the first change of a page after a checkpoint logs the whole page.
    if ((await findLogBytes(this.dataSource)) > CHECKPOINT_AFTER_BYTES) {
      await this.hold(() => checkpoint(this.dataSource));
    }
  }

  private async hold(run: () => Promise<unknown>): Promise<void> {
    if (this.task.isStopping) return;
    const startedAt = performance.now();
    await run();
    await this.task.pause((performance.now() - startedAt) * PAUSE_SHARE);
  }
}

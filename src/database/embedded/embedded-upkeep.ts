import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../../common/background-task.js';
import { Config } from '../../config/config.js';
import { PipelineDataSource } from '../data-sources.js';

/** Short, so that each round has little to do: a round with a minute's work kept requests waiting for 0.2 s. */
const ROUND_MS = 10_000;

/** After each statement, others have the session for twice as long as it took. */
const PAUSE_SHARE = 2;

/**
 * The amount of write-ahead log after which a checkpoint is made. It limits the disk space of the log, and what a start
 * after `kill -9` has to replay (1.8 s for 277 MB). A checkpoint holds the session for 0.02 s, or 0.4 s after 900 MB of
 * changes.
 */
const CHECKPOINT_AFTER_BYTES = 32 * 1024 * 1024;

/**
 * How finely a table is sampled: 3,000 rows instead of 30,000. On 300,000 attempts that took 0.07 s instead of 1.1 s,
 * and the only session does nothing else meanwhile.
 */
const STATISTICS_TARGET = 10;

/**
 * Tables that need work, by autovacuum's own thresholds. The engine's counters start at zero with it.
 *
 * The partitions of the logs are not vacuumed. Events and attempts never change, an old version of a delivery goes when
 * its page is next changed (a HOT update), and a day's partition would hold the session for seconds. Their statistics
 * change slowly. The system catalogs are vacuumed, because every ANALYZE rewrites some of their rows.
 */
const FIND_NEGLECTED = `
  SELECT name, "needsVacuum", "needsAnalyze"
    FROM (
      SELECT oid::regclass::text AS name,
             NOT relispartition
               AND pg_stat_get_dead_tuples(oid) > 50 + 0.2 * greatest(reltuples, 0) AS "needsVacuum",
             relnamespace <> 'pg_catalog'::regnamespace
               AND pg_stat_get_mod_since_analyze(oid) > 50 + 0.1 * greatest(reltuples, 0)
               AND (NOT relispartition
                 OR coalesce(pg_stat_get_last_analyze_time(oid) < now() - interval '1 hour', true)) AS "needsAnalyze"
        FROM pg_class WHERE relkind = 'r'
    ) t
   WHERE "needsVacuum" OR "needsAnalyze"
   ORDER BY name`;

interface NeglectedTable {
  /** Quoted, and with its schema if needed. */
  name: string;
  needsVacuum: boolean;
  needsAnalyze: boolean;
}

/**
 * Does the work of a server's autovacuum and checkpointer, which the embedded engine lacks because it is one process.
 * Without it the queue would keep a dead row per delivery, the planner would have no statistics, and the write-ahead
 * log would grow for ever.
 *
 * It runs one table per statement, with a pause after each, so that others get the session in between.
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
    @PipelineDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.databaseUrl === null) this.task.start();
  }

  /** Waits for the running statement. The next start does the remaining tables. */
  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /** Vacuums and analyzes tables that changed enough. Costs a few milliseconds when there is nothing to do. */
  async runRound(): Promise<void> {
    // Without this the session publishes its counters at most once a second.
    await this.dataSource.query('SELECT pg_stat_force_next_flush()');
    for (const table of await this.dataSource.query<NeglectedTable[]>(FIND_NEGLECTED)) {
      if (table.needsVacuum) await this.hold(() => this.dataSource.query(`VACUUM ${table.name}`));
      if (table.needsAnalyze) await this.hold(() => this.analyze(table.name));
    }
    // After VACUUM, because the first change of a page after a checkpoint logs the whole page.
    if ((await this.findLogBytes()) > CHECKPOINT_AFTER_BYTES) {
      await this.hold(() => this.dataSource.query('CHECKPOINT'));
    }
  }

  /** Runs one statement that holds the session, then leaves the session to others for a while. */
  private async hold(run: () => Promise<unknown>): Promise<void> {
    if (this.task.isStopping) return;
    const startedAt = performance.now();
    await run();
    await this.task.pause((performance.now() - startedAt) * PAUSE_SHARE);
  }

  private async findLogBytes(): Promise<number> {
    const [log] = await this.dataSource.query<[{ bytes: number }]>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`,
    );
    return log.bytes;
  }

  private async analyze(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL default_statistics_target = ${STATISTICS_TARGET}`);
      await manager.query(`ANALYZE ${name}`);
    });
  }
}

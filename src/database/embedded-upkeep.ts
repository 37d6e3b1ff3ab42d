import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { PipelineDataSource } from './data-sources.js';

/**
 * Often, so that little is to be done at a time: a round that took a minute's worth at once kept requests waiting for 0.2 s.
 */
const ROUND_MS = 10_000;

/** After each statement others have the session for twice as long as it took. */
const PAUSE_SHARE = 2;

/**
 * How much write-ahead log is worth a checkpoint. It bounds the disk that the log takes and what a start after `kill -9`
 * has to replay (1.8 s for 277 MB). A checkpoint holds the session for 0.02 s, or 0.4 s after 900 MB of changes.
 */
const CHECKPOINT_AFTER_BYTES = 32 * 1024 * 1024;

/**
 * How finely a table is sampled: 3,000 rows instead of 30,000. On 300,000 attempts that took 0.07 s instead of 1.1 s,
 * during which the only session does nothing else.
 */
const STATISTICS_TARGET = 10;

/**
 * Tables that need work, by autovacuum's own thresholds. The counters are the engine's; they start at zero with it.
 *
 * The logs' partitions are not vacuumed: events and attempts are never changed, a delivery's old version goes when its
 * page is next touched (a HOT update), and a day's partition would hold the session for seconds. What their statistics
 * say changes slowly. The system catalogs are vacuumed, because every ANALYZE rewrites rows of theirs.
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
  /** Quoted and with its schema where that is needed. */
  name: string;
  needsVacuum: boolean;
  needsAnalyze: boolean;
}

/**
 * What a server's autovacuum and checkpointer do: the embedded engine is one process and has neither. Without it the
 * queue would keep a dead row per delivery, the planner would know nothing, and the write-ahead log would grow for ever.
 *
 * One table per statement, and a pause after each, so that others get the session in between.
 */
@Injectable()
export class EmbeddedUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(EmbeddedUpkeep.name);
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  readonly #stopping = new AbortController();

  constructor(
    @PipelineDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.databaseUrl !== null) return;
    this.#timer = setInterval(() => {
      this.#round ??= this.runRound()
        .catch((error: unknown) => {
          this.#logger.error({ msg: 'could not tidy the embedded database; trying again in ten seconds', err: error });
        })
        .finally(() => {
          this.#round = null;
        });
    }, ROUND_MS).unref();
  }

  /** Waits for the statement that runs; the tables after it are the next start's. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#round;
  }

  /** Vacuums and analyzes what changed enough to need it. Costs a few milliseconds when there is nothing to do. */
  async runRound(): Promise<void> {
    // Without this the session publishes its counters at most once a second.
    await this.dataSource.query('SELECT pg_stat_force_next_flush()');
    for (const table of await this.dataSource.query<NeglectedTable[]>(FIND_NEGLECTED)) {
      if (table.needsVacuum) await this.#hold(() => this.dataSource.query(`VACUUM ${table.name}`));
      if (table.needsAnalyze) await this.#hold(() => this.#analyze(table.name));
    }
    // After VACUUM: what is first changed after a checkpoint is logged as a whole page.
    if ((await this.#findLogBytes()) > CHECKPOINT_AFTER_BYTES) {
      await this.#hold(() => this.dataSource.query('CHECKPOINT'));
    }
  }

  /** Runs one statement that holds the session, and leaves the session to others for a while. */
  async #hold(run: () => Promise<unknown>): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const startedAt = performance.now();
    await run();
    const pauseMs = (performance.now() - startedAt) * PAUSE_SHARE;
    await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  /** Bytes of write-ahead log since the last checkpoint. */
  async #findLogBytes(): Promise<number> {
    const [log] = await this.dataSource.query<[{ bytes: number }]>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`,
    );
    return log.bytes;
  }

  async #analyze(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL default_statistics_target = ${STATISTICS_TARGET}`);
      await manager.query(`ANALYZE ${name}`);
    });
  }
}

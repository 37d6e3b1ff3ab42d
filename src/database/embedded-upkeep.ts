import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';

/** As often as autovacuum looks on a server (`autovacuum_naptime`). */
const ROUND_MS = 60_000;

/** What a statement without work may wait for the session before the engine counts as busy. Idle, it takes under 1 ms. */
const BUSY_ABOVE_MS = 20;

/** An engine that is never idle is tidied all the same, every eleven minutes: the dead rows would only slow it down more. */
const MAX_SKIPPED_ROUNDS = 10;

/**
 * How much write-ahead log is worth a checkpoint. It bounds the disk that the log takes and what a start after `kill -9`
 * has to replay (1.8 s for 277 MB). A checkpoint holds the session for 0.02 s, or 0.4 s after 900 MB of changes.
 */
const CHECKPOINT_AFTER_BYTES = 64 * 1024 * 1024;

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
 * One table per statement, so that others get the session in between.
 */
@Injectable()
export class EmbeddedUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(EmbeddedUpkeep.name);
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  #isStopping = false;
  #skippedRounds = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.databaseUrl !== null) return;
    this.#timer = setInterval(() => {
      this.#round ??= this.runRound()
        .catch((error: unknown) => {
          this.#logger.error({ msg: 'could not tidy the embedded database; trying again in a minute', err: error });
        })
        .finally(() => {
          this.#round = null;
        });
    }, ROUND_MS).unref();
  }

  /** Waits for the statement that runs; the tables after it are the next start's. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    await this.#round;
  }

  /** Costs a few milliseconds when there is nothing to do. A busy engine only gets its checkpoint. */
  async runRound(): Promise<void> {
    const isBusy = (await this.#measureWait()) > BUSY_ABOVE_MS;
    if ((await this.#findLogBytes()) > CHECKPOINT_AFTER_BYTES) await this.dataSource.query('CHECKPOINT');

    if (isBusy && this.#skippedRounds < MAX_SKIPPED_ROUNDS) {
      this.#skippedRounds++;
      return;
    }
    this.#skippedRounds = 0;
    await this.tidy();
  }

  /** Vacuums and analyzes what changed enough to need it, however busy the engine is. */
  async tidy(): Promise<void> {
    // Without this the session publishes its counters at most once a second.
    await this.dataSource.query('SELECT pg_stat_force_next_flush()');
    for (const table of await this.dataSource.query<NeglectedTable[]>(FIND_NEGLECTED)) {
      if (this.#isStopping) return;
      if (table.needsVacuum) await this.dataSource.query(`VACUUM ${table.name}`);
      if (table.needsAnalyze) await this.#analyze(table.name);
    }
  }

  /** How long a statement without work takes, in milliseconds: what it waited for a connection and for the session. */
  async #measureWait(): Promise<number> {
    const startedAt = performance.now();
    await this.dataSource.query('SELECT 1');
    return performance.now() - startedAt;
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

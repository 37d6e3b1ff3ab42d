import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Repeater } from '../common/repeater.js';
import { Config } from '../config/config.js';
import { PipelineDataSource } from '../database/data-sources.js';
import { databaseTime } from '../database/database-time.js';
import { type QueueState, readQueueState } from '../deliveries/queue/read-queue-state.js';
import { judgeBacklog } from './judge-backlog.js';
import { insertOperationalEvent } from './operational-events.repository.js';
import { holdBacklogState, setBacklogState } from './operator-webhook.repository.js';

/** Between two looks of a replica: as often as a scrape reads the queue anew. */
const ROUND_MS = 5_000;

/**
 * Tells the operator when deliveries wait for too long. What was told is in the database, and is held while the queue is
 * read: neither a restart nor another replica tells it again.
 */
@Injectable()
export class BacklogWatcher implements OnModuleDestroy {
  private readonly logger = new Logger(BacklogWatcher.name);
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'the age of the backlog could not be read; trying again in five seconds', err: error });
  });

  constructor(
    @PipelineDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  start(): void {
    this.repeater.startLater(() => this.look());
  }

  onModuleDestroy(): Promise<void> {
    return this.repeater.stop();
  }

  /** Does nothing while another replica looks. */
  async look(): Promise<void> {
    const limitMs = this.config.operatorBacklogAgeMs;
    await this.dataSource.transaction(async (manager) => {
      const known = await holdBacklogState(manager);
      if (!known) return;
      const queue = await readQueueState(manager);
      const change = judgeBacklog(known.isOld, queue.oldestDueSeconds * 1_000, limitMs);
      if (change === null) return;
      await setBacklogState(manager, change === 'became_old');
      if (change === 'became_old')
        await insertOperationalEvent(manager, 'backlog.old', payloadOf(queue, limitMs, await databaseTime(manager)));
    });
  }
}

function payloadOf({ oldestDueSeconds, deliveries, owed }: QueueState, limitMs: number, seenAt: Date): object {
  return {
    oldest_due_seconds: Math.floor(oldestDueSeconds),
    limit_seconds: limitMs / 1_000,
    deliveries: { ...deliveries, owed },
    seen_at: seenAt.toISOString(),
  };
}

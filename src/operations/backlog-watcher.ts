import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { Config } from '../config/config.js';
import { PIPELINE } from '../database/data-sources.js';
import { databaseTime } from '../database/database-time.js';
import { type QueueState, readQueueState } from '../deliveries/queue/read-queue-state.js';
import { judgeBacklog } from './judge-backlog.js';
import { insertOperationalEvent } from './operational-events.repository.js';
import { holdBacklogState, setBacklogState } from './operator-webhook.repository.js';

/** As often as a scrape reads the queue again. */
const ROUND_MS = 5_000;

/**
 * Tells the operator when deliveries wait for too long. The last report is in the database, locked while the queue is
 * read, so neither a restart nor another replica repeats it.
 */
@Injectable()
export class BacklogWatcher implements OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: BacklogWatcher.name,
    purpose: 'read the age of the backlog',
    everyMs: ROUND_MS,
    round: () => this.look(),
  });

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  start(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /** Does nothing while another replica checks. */
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

import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../../common/background-task.js';
import { Config } from '../../config/config.js';
import { DailyPartitions } from './daily-partitions.js';
import { DatabaseClock } from '../database-clock.js';
import { PartitionDropper } from './partition-dropper.js';
import { RetentionClock, type RetentionDay } from './retention-clock.js';

const HOUR_MS = 3_600_000;

const DOUBTS: Readonly<Record<NonNullable<RetentionDay['doubt']>, string>> = {
  clock_jumped: 'the clock of the database jumped ahead; days are dropped by the time that has passed since then',
  days_missing:
    'by the clock of the database nobody ran for more than a week; days past their retention are kept for one day more',
};

/**
 * Makes the partitions of the coming days and drops those past their retention, at the start and every hour. A failure
 * is logged: there is a week to repair it.
 */
@Injectable()
export class PartitionTimer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(PartitionTimer.name);
  private readonly retentionClock: RetentionClock;
  private readonly task = new BackgroundTask({
    context: PartitionTimer.name,
    purpose: 'make or drop partitions',
    everyMs: HOUR_MS,
    round: () => this.round(),
  });

  constructor(
    private readonly partitions: DailyPartitions,
    private readonly dropper: PartitionDropper,
    private readonly clock: DatabaseClock,
    { retentionDays }: Config,
  ) {
    this.retentionClock = new RetentionClock(retentionDays);
  }

  onApplicationBootstrap(): void {
    this.task.startBeside();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  private async round(): Promise<void> {
    await this.partitions.ensure(this.clock.now());
    const { day, doubt } = this.retentionClock.read(
      this.clock.nowMs(),
      performance.now(),
      await this.partitions.listDays(),
    );
    if (doubt) this.logger.warn(DOUBTS[doubt]);
    const { dropped, owing, busy } = await this.dropper.run(this.task.signal, day);
    if (dropped.length > 0) this.logger.log({ msg: 'days past their retention were dropped', partitions: dropped });
    if (owing.length > 0) this.logger.log({ msg: 'days are kept for unfinished deliveries', partitions: owing });
    if (busy.length > 0) this.logger.warn({ msg: 'days were in use; dropping them in an hour', partitions: busy });
  }
}

import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../common/repeater.js';
import { Config } from '../config/config.js';
import { DailyPartitions } from './daily-partitions.js';
import { DatabaseClock } from './database-clock.js';
import { PartitionDropper } from './partition-dropper.js';
import { RetentionClock, type RetentionDay } from './retention-clock.js';

const HOUR_MS = 3_600_000;

const DOUBTS: Readonly<Record<NonNullable<RetentionDay['doubt']>, string>> = {
  clock_jumped: 'the clock of the database jumped ahead; days are dropped by the time that has passed since then',
  days_missing:
    'by the clock of the database nobody ran for more than a week; days past their retention are kept for one day more',
};

/**
 * Makes the coming days' partitions and drops those past their retention, at the start and every hour. A failure is
 * logged: there are a week's partitions to mend it in, and what was not dropped is an hour later.
 */
@Injectable()
export class PartitionTimer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(PartitionTimer.name);
  private readonly stopping = new AbortController();
  private readonly retentionClock: RetentionClock;
  private readonly repeater = new Repeater(HOUR_MS, (error) => {
    this.logger.error({ msg: 'could not make or drop partitions; trying again in an hour', err: error });
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
    this.repeater.startBeside(() => this.turn());
  }

  onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    return this.repeater.stop();
  }

  private async turn(): Promise<void> {
    await this.partitions.ensure(this.clock.now());
    const { day, doubt } = this.retentionClock.read(
      this.clock.nowMs(),
      performance.now(),
      await this.partitions.listDays(),
    );
    if (doubt) this.logger.warn(DOUBTS[doubt]);
    const { dropped, owing, busy } = await this.dropper.run(this.stopping.signal, day);
    if (dropped.length > 0) this.logger.log({ msg: 'days past their retention were dropped', partitions: dropped });
    if (owing.length > 0) this.logger.log({ msg: 'days are kept for unfinished deliveries', partitions: owing });
    if (busy.length > 0) this.logger.warn({ msg: 'days were in use; dropping them in an hour', partitions: busy });
  }
}

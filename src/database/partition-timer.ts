import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../common/repeater.js';
import { DailyPartitions } from './daily-partitions.js';

const HOUR_MS = 3_600_000;

/** Makes the coming days' partitions every hour. A failure is logged: there are a week's partitions to mend it in. */
@Injectable()
export class PartitionTimer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(PartitionTimer.name);
  private readonly repeater = new Repeater(HOUR_MS, (error) => {
    this.logger.error({ msg: 'could not make the coming partitions; trying again in an hour', err: error });
  });

  constructor(private readonly partitions: DailyPartitions) {}

  onApplicationBootstrap(): void {
    this.repeater.startLater(async () => {
      await this.partitions.ensure(new Date());
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.repeater.stop();
  }
}

import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DailyPartitions } from './daily-partitions.js';

const HOUR_MS = 3_600_000;

/** Makes the coming days' partitions every hour. A failure is logged: there are a week's partitions to mend it in. */
@Injectable()
export class PartitionTimer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(PartitionTimer.name);
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly partitions: DailyPartitions) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.#ensure(), HOUR_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  async #ensure(): Promise<void> {
    try {
      await this.partitions.ensure(new Date());
    } catch (error) {
      this.#logger.error({ msg: 'could not make the coming partitions; trying again in an hour', err: error });
    }
  }
}

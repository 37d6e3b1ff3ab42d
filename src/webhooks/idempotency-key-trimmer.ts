import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { trimIdempotencyKeys } from './idempotency-keys.repository.js';

/** Between rounds: a key outlives its window by at most this long, and by what a round takes. */
const ROUND_MS = 600_000;

/** Forgets the idempotency keys whose window is over, a few at a time so that no statement holds many rows. */
@Injectable()
export class IdempotencyKeyTrimmer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencyKeyTrimmer.name);
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round = this.trim().catch((error: unknown) => {
        this.logger.error({ msg: 'could not trim idempotency keys; trying again in ten minutes', err: error });
      });
    }, ROUND_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  private async trim(): Promise<void> {
    while (await trimIdempotencyKeys(this.dataSource.manager, this.config.idempotencyWindowMs));
  }
}

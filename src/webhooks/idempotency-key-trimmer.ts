import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Repeater } from '../common/repeater.js';
import { Config } from '../config/config.js';
import { trimIdempotencyKeys } from './idempotency-keys.repository.js';

/** Between rounds: a key outlives its window by at most this long, and by what a round takes. */
const ROUND_MS = 600_000;

/** Forgets the idempotency keys whose window is over, a few at a time so that no statement holds many rows. */
@Injectable()
export class IdempotencyKeyTrimmer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencyKeyTrimmer.name);
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'could not trim idempotency keys; trying again in ten minutes', err: error });
  });

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.repeater.startLater(() => this.trim());
  }

  onModuleDestroy(): Promise<void> {
    return this.repeater.stop();
  }

  private async trim(): Promise<void> {
    while (await trimIdempotencyKeys(this.dataSource.manager, this.config.idempotencyWindowMs));
  }
}

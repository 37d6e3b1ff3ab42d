import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { Config } from '../config/config.js';
import { trimIdempotencyKeys } from './idempotency-keys.repository.js';

/** A key outlives its window by this at most, and by what a round takes. */
const ROUND_MS = 600_000;

/** Forgets keys whose window is over, a few at a time so that no statement locks many rows. */
@Injectable()
export class IdempotencyKeyTrimmer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: IdempotencyKeyTrimmer.name,
    purpose: 'trim idempotency keys',
    everyMs: ROUND_MS,
    round: () => this.trim(),
  });

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  private async trim(): Promise<void> {
    while (await trimIdempotencyKeys(this.dataSource.manager, this.config.idempotencyWindowMs));
  }
}

import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadinessChecks } from '../common/readiness-checks.js';
import { Config } from '../config/config.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import { Replica } from './replica.js';

/** Starts and stops what makes deliveries, in the order that loses nothing. */
@Injectable()
export class DeliveryEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryEngine.name);

  constructor(
    private readonly replica: Replica,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly readiness: ReadinessChecks,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.readiness.register('dispatcher', () => this.dispatcher.isHealthy);
    await this.replica.start(() => this.dispatcher.nudge());
    this.dispatcher.start();
  }

  /**
   * No new claims, the attempts under way end and are recorded, then the replica signs off. What has not ended in time
   * keeps its lease until other replicas see this one gone.
   */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = new AbortController();
    const isDone = await Promise.race([
      this.dispatcher.stop().then(() => true),
      delay(this.config.shutdownTimeoutMs, false, { signal: deadline.signal }).catch(() => true),
    ]);
    deadline.abort();
    if (!isDone) this.logger.warn('attempts were still under way when the time to stop ran out');
    await this.replica.stop();
  }
}

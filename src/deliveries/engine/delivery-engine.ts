import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { atMost } from '../../common/within.js';
import { ReadinessChecks } from '../../common/readiness-checks.js';
import { Config } from '../../config/config.js';
import { DeliveryCapacity } from './delivery-capacity.js';
import { DeliveryClaimer } from './delivery-claimer.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import { Replica } from './replica.js';

/**
 * Of the time to stop, what attempts under way get, and what recording gets where that was not enough; the rest is for
 * closing the server and the database.
 */
const DRAIN_SHARE = 0.8;
const RECORDING_SHARE = 0.1;

/** Starts and stops what makes deliveries, in the order that loses nothing. */
@Injectable()
export class DeliveryEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryEngine.name);

  constructor(
    private readonly replica: Replica,
    private readonly claimer: DeliveryClaimer,
    private readonly capacity: DeliveryCapacity,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly readiness: ReadinessChecks,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.readiness.register('dispatcher', () => this.claimer.isHealthy);
    await this.replica.start(this.capacity);
    this.claimer.start();
  }

  /**
   * No new claims, the attempts under way end and are recorded, then the replica signs off. An attempt whose status has
   * come is recorded by it, whatever its body does; one without a status when the time is over is broken off, and its
   * delivery attempted again by another replica, or by the next start.
   */
  async beforeApplicationShutdown(): Promise<void> {
    const { shutdownTimeoutMs } = this.config;
    let isDrained = false;
    const draining = this.drain().then(() => (isDrained = true));
    await atMost(shutdownTimeoutMs * DRAIN_SHARE, draining);
    if (!isDrained) {
      this.logger.warn('attempts were still under way when the time to stop ran out');
      await atMost(shutdownTimeoutMs * RECORDING_SHARE, Promise.all([this.dispatcher.breakOff(), draining]));
    }
    await this.replica.stop();
  }

  private async drain(): Promise<void> {
    await this.claimer.stop();
    await this.dispatcher.stop();
  }
}

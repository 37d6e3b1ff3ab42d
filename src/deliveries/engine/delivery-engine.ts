import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { atMost } from '../../common/within.js';
import { ReadinessChecks } from '../../common/readiness-checks.js';
import { Config } from '../../config/config.js';
import { DeliveryCapacity } from './delivery-capacity.js';
import { DeliveryClaimer } from './delivery-claimer.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import { FanOutWorker } from './fan-out-worker.js';
import { Replica } from './replica.js';

/**
 * Shares of the time to stop: for attempts under way, and then for recording. The rest is for closing the server and
 * the database.
 */
const DRAIN_SHARE = 0.8;
const RECORDING_SHARE = 0.1;

@Injectable()
export class DeliveryEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryEngine.name);

  constructor(
    private readonly replica: Replica,
    private readonly claimer: DeliveryClaimer,
    private readonly capacity: DeliveryCapacity,
    private readonly dispatcher: DeliveryDispatcher,
    private readonly fanOutWorker: FanOutWorker,
    private readonly readiness: ReadinessChecks,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.readiness.register('dispatcher', () => this.claimer.isHealthy);
    await this.replica.start({
      openLeases: () => this.capacity.openLeases(),
      nudge: () => {
        this.capacity.nudge();
        this.fanOutWorker.nudge();
      },
    });
    this.claimer.start();
  }

  /**
   * Claims stop first, then attempts end and are recorded, then the replica signs off. When the time is over, attempts
   * without a status are broken off: another replica, or the next start, makes them again.
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

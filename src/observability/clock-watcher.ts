import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { Metrics } from '../metrics/metrics.js';
import { DatabaseClock, NOTABLE_OFFSET_MS } from '../database/database-clock.js';

const LOOK_MS = 10_000;

/** Tells the operator when the clocks of this machine and of the database differ by more than a second. */
@Injectable()
export class ClockWatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Clock');
  private readonly task = new BackgroundTask({
    context: 'Clock',
    purpose: 'compare the clocks',
    everyMs: LOOK_MS,
    round: () => Promise.resolve(this.look()),
  });
  private toldMs = 0;

  constructor(
    private readonly clock: DatabaseClock,
    metrics: Metrics,
  ) {
    metrics.gauge('clockOffset', {}, () => this.clock.offsetMs() / 1_000);
  }

  onApplicationBootstrap(): void {
    this.task.startBeside();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /** Reports a difference once, and again when it has changed by a notable amount. */
  private look(): void {
    const offsetMs = this.clock.offsetMs();
    if (Math.abs(offsetMs - this.toldMs) < NOTABLE_OFFSET_MS) return;
    this.toldMs = offsetMs;
    if (Math.abs(offsetMs) < NOTABLE_OFFSET_MS) {
      this.logger.log('the clocks of this machine and of the database agree again');
      return;
    }
    const direction = offsetMs > 0 ? 'behind' : 'ahead of';
    this.logger.warn({
      msg: `the clock of this machine is ${direction} that of the database; times go by the database`,
      seconds: Math.round(Math.abs(offsetMs) / 100) / 10,
    });
  }
}

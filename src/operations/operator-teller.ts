import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../common/repeater.js';
import { BacklogWatcher } from './backlog-watcher.js';
import { OperationalEventPublisher } from './operational-event-publisher.js';
import { OperatorWebhookKeeper } from './operator-webhook-keeper.js';

/** Between two tries to make the webhook what the settings say. */
const AGAIN_MS = 5_000;

/**
 * Starts what tells the operator, once there is a webhook to tell it to; without the setting nothing runs. A database that
 * is slow at the start, or a row that somebody holds, keeps nobody else's deliveries from going out.
 */
@Injectable()
export class OperatorTeller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(OperatorTeller.name);
  private readonly repeater = new Repeater(AGAIN_MS, (error) => this.tellFailure(error));
  private isStopping = false;

  constructor(
    private readonly keeper: OperatorWebhookKeeper,
    private readonly publisher: OperationalEventPublisher,
    private readonly watcher: BacklogWatcher,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      this.tellFailure(error);
      this.repeater.startLater(() => this.begin());
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.repeater.stop();
  }

  private async begin(): Promise<void> {
    const isTold = await this.keeper.keep();
    // Not waited for: this may be its turn.
    this.repeater.stop().catch(() => undefined);
    if (!isTold || this.isStopping) return;
    this.publisher.start();
    this.watcher.start();
  }

  private tellFailure(error: unknown): void {
    this.logger.error({
      msg: 'the webhook of the operator is not what the settings say; trying again in five seconds',
      err: error,
    });
  }
}

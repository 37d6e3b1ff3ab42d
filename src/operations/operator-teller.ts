import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { BacklogWatcher } from './backlog-watcher.js';
import { OperationalEventPublisher } from './operational-event-publisher.js';
import { OperatorWebhookKeeper } from './operator-webhook-keeper.js';

/** Starts what tells the operator, once there is a webhook to tell it to; without the setting nothing runs. */
@Injectable()
export class OperatorTeller implements OnApplicationBootstrap {
  constructor(
    private readonly keeper: OperatorWebhookKeeper,
    private readonly publisher: OperationalEventPublisher,
    private readonly watcher: BacklogWatcher,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!(await this.keeper.keep())) return;
    this.publisher.start();
    this.watcher.start();
  }
}

import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { BacklogWatcher } from './backlog-watcher.js';
import { OperationalEventPublisher } from './operational-event-publisher.js';
import { OperatorWebhookProvisioner } from './operator-webhook-provisioner.js';

const AGAIN_MS = 5_000;

/**
 * Starts the tasks that notify the operator, once there is a webhook for them. A database that is slow at the start, or
 * a locked row, does not stop other deliveries.
 */
@Injectable()
export class OperatorNotifier implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: OperatorNotifier.name,
    purpose: 'make the webhook of the operator what the settings say',
    everyMs: AGAIN_MS,
    round: () => this.begin(),
  });

  constructor(
    private readonly provisioner: OperatorWebhookProvisioner,
    private readonly publisher: OperationalEventPublisher,
    private readonly watcher: BacklogWatcher,
  ) {}

  onApplicationBootstrap(): Promise<void> {
    return this.task.startNow();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  private async begin(): Promise<void> {
    const isTold = await this.provisioner.provision();
    if (this.task.isStopping) return;
    // Not awaited: this is its last round.
    this.task.stop().catch(() => undefined);
    if (!isTold) return;
    this.publisher.start();
    this.watcher.start();
  }
}

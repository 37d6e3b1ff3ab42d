import { Module } from '@nestjs/common';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { BacklogWatcher } from './backlog-watcher.js';
import { OperationalEventPublisher } from './operational-event-publisher.js';
import { OperatorNotifier } from './operator-notifier.js';
import { OperatorWebhookProvisioner } from './operator-webhook-provisioner.js';

@Module({
  imports: [DeliveriesModule, WebhooksModule],
  providers: [BacklogWatcher, OperationalEventPublisher, OperatorNotifier, OperatorWebhookProvisioner],
})
export class OperationsModule {}

import { Module } from '@nestjs/common';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { BacklogWatcher } from './backlog-watcher.js';
import { OperationalEventPublisher } from './operational-event-publisher.js';
import { OperatorTeller } from './operator-teller.js';
import { OperatorWebhookKeeper } from './operator-webhook-keeper.js';

@Module({
  imports: [DeliveriesModule],
  providers: [BacklogWatcher, OperationalEventPublisher, OperatorTeller, OperatorWebhookKeeper],
})
export class OperationsModule {}

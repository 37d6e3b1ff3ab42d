import { Module } from '@nestjs/common';
import { EgressModule } from '../egress/egress.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryControlModule } from './delivery-control.module.js';
import { DeliveryClaimer } from './engine/delivery-claimer.js';
import { DeliveryDispatcher } from './engine/delivery-dispatcher.js';
import { DeliveryEngine } from './engine/delivery-engine.js';
import { FanOutWorker } from './engine/fan-out-worker.js';
import { QueueGauges } from './engine/queue-gauges.js';
import { DeliverySender } from './sending/delivery-sender.js';
import { ResultRecorder } from './engine/result-recorder.js';
import { RoomKeeper } from './engine/room-keeper.js';
import { RecoveriesController } from './recovery/recoveries.controller.js';
import { RecoveriesService } from './recovery/recoveries.service.js';
import { RecoveryWorker } from './recovery/recovery-worker.js';
import { PendingCounts } from './stats/pending-counts.js';
import { StatsController } from './stats/stats.controller.js';
import { StatsService } from './stats/stats.service.js';
import { StatsUpkeep } from './stats/stats-upkeep.js';
import { WebhookStatsController } from './stats/webhook-stats.controller.js';
import { WebhookDisabler } from './engine/webhook-disabler.js';
import { WebhookTestController } from './webhook-test.controller.js';
import { WebhookTester } from './webhook-tester.js';

@Module({
  imports: [DeliveryControlModule, EgressModule, WebhooksModule],
  controllers: [
    DeliveriesController,
    RecoveriesController,
    StatsController,
    WebhookStatsController,
    WebhookTestController,
  ],
  providers: [
    DeliveriesService,
    DeliveryClaimer,
    DeliveryDispatcher,
    DeliveryEngine,
    DeliverySender,
    FanOutWorker,
    PendingCounts,
    QueueGauges,
    RecoveriesService,
    RecoveryWorker,
    ResultRecorder,
    RoomKeeper,
    StatsService,
    StatsUpkeep,
    WebhookDisabler,
    WebhookTester,
  ],
  exports: [DeliveryDispatcher, FanOutWorker, RoomKeeper],
})
export class DeliveriesModule {}

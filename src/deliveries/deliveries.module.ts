import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ReadinessModule } from '../common/readiness-checks.js';
import { ReadsModule } from '../reads/reads.module.js';
import { EgressModule } from '../egress/egress.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryControlModule } from './delivery-control.module.js';
import { DeliveryCapacity } from './engine/delivery-capacity.js';
import { DeliveryClaimer } from './engine/delivery-claimer.js';
import { DeliveryDispatcher } from './engine/delivery-dispatcher.js';
import { DeliveryEngine } from './engine/delivery-engine.js';
import { FanOutWorker } from './engine/fan-out-worker.js';
import { QueueGauges } from './engine/queue-gauges.js';
import { DeliverySender } from './sending/delivery-sender.js';
import { ResultRecorder } from './engine/result-recorder.js';
import { DeliveryIntake } from './intake/delivery-intake.js';
import { FanOutForecast } from './intake/fan-out-forecast.js';
import { PendingLimit } from './intake/pending-limit.js';
import { SmallPublishers } from './intake/small-publishers.js';
import { PendingCounts } from './pending-counts.js';
import { WebhookHealthController } from './health/webhook-health.controller.js';
import { WebhookHealthService } from './health/webhook-health.service.js';
import { WebhookDisabler } from './engine/webhook-disabler.js';
import { WebhookTestController } from './webhook-test.controller.js';
import { WebhookTester } from './webhook-tester.js';

@Module({
  imports: [AuthModule, DeliveryControlModule, EgressModule, ReadinessModule, ReadsModule, WebhooksModule],
  controllers: [DeliveriesController, WebhookHealthController, WebhookTestController],
  providers: [
    DeliveriesService,
    DeliveryCapacity,
    DeliveryClaimer,
    DeliveryDispatcher,
    DeliveryEngine,
    DeliveryIntake,
    DeliverySender,
    FanOutForecast,
    FanOutWorker,
    PendingCounts,
    PendingLimit,
    QueueGauges,
    ResultRecorder,
    SmallPublishers,
    WebhookDisabler,
    WebhookHealthService,
    WebhookTester,
  ],
  exports: [DeliveryCapacity, DeliveryIntake, PendingCounts, SmallPublishers],
})
export class DeliveriesModule {}

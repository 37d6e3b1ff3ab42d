import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { ReadsModule } from '../reads/reads.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { EventIntake } from './event-intake.js';
import { EventWebhooksService } from './event-webhooks.service.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';

@Module({
  imports: [AuthModule, DeliveriesModule, ReadsModule, WebhooksModule],
  controllers: [EventsController],
  providers: [EventsService, EventWebhooksService, EventIntake],
})
export class EventsModule {}

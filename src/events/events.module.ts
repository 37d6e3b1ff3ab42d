import { Module } from '@nestjs/common';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { EventIntake } from './event-intake.js';
import { EventWebhooksService } from './event-webhooks.service.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { FanOutForecast } from './fan-out-forecast.js';
import { PendingLimit } from './pending-limit.js';

@Module({
  imports: [DeliveriesModule],
  controllers: [EventsController],
  providers: [EventsService, EventWebhooksService, EventIntake, FanOutForecast, PendingLimit],
})
export class EventsModule {}

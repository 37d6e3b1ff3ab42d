import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { ReadsModule } from '../reads/reads.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';
import { StatsUpkeep } from './stats-upkeep.js';
import { WebhookStatsController } from './webhook-stats.controller.js';

@Module({
  imports: [AuthModule, DeliveriesModule, ReadsModule, WebhooksModule],
  controllers: [StatsController, WebhookStatsController],
  providers: [StatsService, StatsUpkeep],
})
export class StatsModule {}

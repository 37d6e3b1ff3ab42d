import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { ReadsModule } from '../reads/reads.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { RecoveriesController } from './recoveries.controller.js';
import { RecoveriesService } from './recoveries.service.js';
import { RecoveryWorker } from './recovery-worker.js';

@Module({
  imports: [AuthModule, DeliveriesModule, ReadsModule, WebhooksModule],
  controllers: [RecoveriesController],
  providers: [RecoveriesService, RecoveryWorker],
})
export class RecoveryModule {}

import { Global, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveryControl } from '../webhooks/delivery-control.js';
import { DeliveryControlService } from './delivery-control.service.js';
import { EndpointStates } from './engine/endpoint-states.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { Replica } from './engine/replica.js';

/** Provides the port that `webhooks/` declares. Global, because webhooks may not import what stands above them. */
@Global()
@Module({
  imports: [AuthModule],
  providers: [DeliveryMetrics, EndpointStates, Replica, { provide: DeliveryControl, useClass: DeliveryControlService }],
  exports: [DeliveryMetrics, EndpointStates, Replica, DeliveryControl],
})
export class DeliveryControlModule {}

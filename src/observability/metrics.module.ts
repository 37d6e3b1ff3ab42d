import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { PoolGauges } from './pool-gauges.js';

@Module({ controllers: [MetricsController], providers: [PoolGauges] })
export class MetricsModule {}

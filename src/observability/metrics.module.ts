import { Module } from '@nestjs/common';
import { ClockWatcher } from './clock-watcher.js';
import { MetricsController } from './metrics.controller.js';
import { PoolGauges } from './pool-gauges.js';

@Module({ controllers: [MetricsController], providers: [PoolGauges, ClockWatcher] })
export class MetricsModule {}

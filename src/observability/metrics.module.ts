import { Module } from '@nestjs/common';
import { ClockWatcher } from './clock-watcher.js';
import { MetricsController } from './metrics.controller.js';
import { PartitionGauges } from './partition-gauges.js';
import { PoolGauges } from './pool-gauges.js';
import { TroubleCounter } from './trouble-counter.js';

@Module({ controllers: [MetricsController], providers: [PoolGauges, PartitionGauges, TroubleCounter, ClockWatcher] })
export class MetricsModule {}

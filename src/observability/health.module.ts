import { Module } from '@nestjs/common';
import { ReadinessModule } from '../common/readiness-checks.js';
import { DatabaseReadiness } from './database-readiness.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { StorageReadiness } from './storage-readiness.js';

@Module({
  imports: [ReadinessModule],
  controllers: [HealthController],
  providers: [HealthService, DatabaseReadiness, StorageReadiness],
})
export class HealthModule {}

import { Global, Module } from '@nestjs/common';
import { ReadinessChecks } from '../common/readiness-checks.js';
import { DatabaseReadiness } from './database-readiness.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

/** Global, so that each part of the application can leave its readiness check. */
@Global()
@Module({
  controllers: [HealthController],
  providers: [HealthService, DatabaseReadiness, ReadinessChecks],
  exports: [ReadinessChecks],
})
export class HealthModule {}

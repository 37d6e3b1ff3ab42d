import { type DynamicModule, Module } from '@nestjs/common';
import { AdministrationModule } from './administration/administration.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { ErasureModule } from './erasure/erasure.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './observability/health.module.js';
import { MetricsModule } from './observability/metrics.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ReadsModule } from './reads/reads.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { schema } from './schema.js';
import { StatsModule } from './stats/stats.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(schema),
        HealthModule,
        MetricsModule,
        AuthModule,
        ReadsModule,
        AdministrationModule,
        AuditModule,
        WebhooksModule,
        IdempotencyModule,
        DeliveriesModule,
        EventsModule,
        RecoveryModule,
        StatsModule,
        ErasureModule,
        OperationsModule,
      ],
    };
  }
}

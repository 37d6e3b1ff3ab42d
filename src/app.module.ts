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
import { OperationsModule } from './operations/operations.module.js';
import { ReadsModule } from './reads/reads.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        HealthModule,
        MetricsModule,
        AuthModule,
        ReadsModule,
        AdministrationModule,
        AuditModule,
        WebhooksModule,
        DeliveriesModule,
        EventsModule,
        ErasureModule,
        OperationsModule,
      ],
    };
  }
}

import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EnvironmentContents } from '../administration/environment-contents.js';
import { AuthModule } from '../auth/auth.module.js';
import { Config } from '../config/config.js';
import { ReadsModule } from '../reads/reads.module.js';
import { EncryptionKeyCheck } from './secrets/encryption-key-check.js';
import { EndedSecretWiper } from './secrets/ended-secret-wiper.js';
import { EventTypesController } from './event-types.controller.js';
import { SecretRotation } from './secrets/secret-rotation.js';
import { SecretVault } from './secrets/secret-vault.js';
import { SubscriberCounts } from './subscriber-counts.js';
import { WebhookCreation } from './webhook-creation.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { WebhookTransaction } from './webhook-transaction.js';
import { Webhook } from './webhook.entity.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Global: `administration` lies below and reaches webhooks through a port, `EnvironmentContents`. */
@Global()
@Module({
  imports: [AuthModule, ReadsModule, TypeOrmModule.forFeature([Webhook])],
  controllers: [WebhooksController, EventTypesController],
  providers: [
    {
      provide: SecretVault,
      inject: [Config],
      // `resolveCredentials` made absent keys at first boot, before this.
      useFactory: ({ encryptionKeys }: Config): SecretVault => new SecretVault(encryptionKeys ?? []),
    },
    EncryptionKeyCheck,
    EndedSecretWiper,
    SecretRotation,
    SubscriberCounts,
    WebhookCreation,
    WebhookDeletion,
    WebhookTransaction,
    WebhooksService,
    { provide: EnvironmentContents, useExisting: WebhookDeletion },
  ],
  exports: [EnvironmentContents, SecretRotation, SecretVault, SubscriberCounts, WebhooksService],
})
export class WebhooksModule {}

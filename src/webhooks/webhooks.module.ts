import { Global, Module } from '@nestjs/common';
import { EnvironmentContents } from '../administration/environment-contents.js';
import { Config } from '../config/config.js';
import { EncryptionKeyCheck } from './encryption-key-check.js';
import { EndedSecretWiper } from './ended-secret-wiper.js';
import { EventTypesController } from './event-types.controller.js';
import { IdempotencyKeyTrimmer } from './idempotency-key-trimmer.js';
import { SecretRotation } from './secret-rotation.js';
import { SecretVault } from './secret-vault.js';
import { SubscriberCounts } from './subscriber-counts.js';
import { WebhookCreation } from './webhook-creation.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Global, because `administration`, which it stands on, reaches webhooks through a port: see `EnvironmentContents`. */
@Global()
@Module({
  controllers: [WebhooksController, EventTypesController],
  providers: [
    {
      provide: SecretVault,
      inject: [Config],
      // Absent keys were made at first boot, before the application is built: `resolveCredentials`.
      useFactory: ({ encryptionKeys }: Config): SecretVault => new SecretVault(encryptionKeys ?? []),
    },
    EncryptionKeyCheck,
    EndedSecretWiper,
    IdempotencyKeyTrimmer,
    SecretRotation,
    SubscriberCounts,
    WebhookCreation,
    WebhookDeletion,
    WebhooksService,
    { provide: EnvironmentContents, useExisting: WebhookDeletion },
  ],
  exports: [EnvironmentContents, SecretRotation, SecretVault, SubscriberCounts, WebhooksService],
})
export class WebhooksModule {}

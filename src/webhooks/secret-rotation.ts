import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { DeliveryControl } from './delivery-control.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto } from './dto/webhook.dto.js';
import { newSecret } from './new-secret.js';
import { SecretVault } from './secret-vault.js';
import { revised } from './webhook-change.js';
import { endSecrets, insertSecret } from './webhook-secrets.repository.js';
import { databaseTime, lockWebhook, saveWebhook } from './webhooks.repository.js';

/** Each signs every attempt, and each signature makes the header longer. */
export const LIVE_SECRETS_MAX = 5;

/** Gives webhooks new secrets, and ends the old ones after a time in which both are good. */
@Injectable()
export class SecretRotation {
  constructor(
    private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /**
   * Once it is answered, every attempt that starts is signed with the new secret.
   *
   * @param overlapMs how long the older secrets sign beside the new one; those that end earlier stay at that. 0: they
   *   are wiped at once.
   * @param actor who rotates, as in `webhook_revision.changed_by`
   * @throws ApiError WEBHOOK_NOT_FOUND, SECRET_LIMIT_REACHED
   */
  async rotate(
    { environmentId, webhookId }: { environmentId: string; webhookId: string },
    overlapMs: number,
    actor: string,
  ): Promise<WebhookWithSecretDto> {
    const { webhook, secret } = await this.dataSource.transaction(async (manager) => {
      const locked = await lockWebhook(manager, { environmentId, id: webhookId });
      if (!locked) throw notFound('WEBHOOK_NOT_FOUND');
      const now = await databaseTime(manager);
      const stillLive = await endSecrets(manager, { environmentId, webhookId }, now, overlapMs);
      if (stillLive >= LIVE_SECRETS_MAX) throw tooManySecrets();
      const fresh = newSecret(this.vault, { environmentId, webhookId }, now);
      await insertSecret(manager, fresh.row);
      const changed = revised(locked, now);
      await saveWebhook(manager, changed, { actor, action: 'rotated' });
      return { webhook: changed, secret: fresh.text };
    });
    await this.deliveryControl.settle([{ kind: 'rotated', webhookId, revision: webhook.revision }]);
    return { ...toWebhookDto(webhook), secret };
  }
}

function tooManySecrets(): ApiError {
  return new ApiError(
    'SECRET_LIMIT_REACHED',
    `The webhook has ${LIVE_SECRETS_MAX} live secrets; wait until one ends, or rotate with overlap_seconds 0`,
  );
}

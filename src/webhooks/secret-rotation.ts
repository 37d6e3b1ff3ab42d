import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { DeliveryControl } from './delivery-control.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto } from './dto/webhook.dto.js';
import { newSecret } from './new-secret.js';
import type { Webhook } from './entities/webhook.entity.js';
import { SecretVault, UnreadableSecretError } from './secret-vault.js';
import { revised } from './webhook-change.js';
import {
  countLiveSecrets,
  endSecrets,
  findNewestSecret,
  insertSecret,
  type SecretOwner,
  type StoredSecret,
} from './webhook-secrets.repository.js';
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
      return this.replace(locked, { overlapMs, actor }, manager);
    });
    await this.settle(webhook);
    return { ...toWebhookDto(webhook), secret };
  }

  /**
   * Has a webhook sign with the secret that its owner chose, and with the older ones for so long beside it; does nothing
   * when it is the newest already. When too many are live, the older ones end at once: this one must sign.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND
   */
  async assure(
    { environmentId, webhookId }: SecretOwner,
    text: string,
    overlapMs: number,
    actor: string,
  ): Promise<void> {
    const webhook = await this.dataSource.transaction(async (manager) => {
      const locked = await lockWebhook(manager, { environmentId, id: webhookId });
      if (!locked) throw notFound('WEBHOOK_NOT_FOUND');
      const newest = await findNewestSecret(manager, { environmentId, webhookId });
      if (newest && this.isReadAs(text, newest)) return null;
      const live = await countLiveSecrets(manager, { environmentId, webhookId });
      const fittingMs = live >= LIVE_SECRETS_MAX ? 0 : overlapMs;
      return (await this.replace(locked, { overlapMs: fittingMs, actor, text }, manager)).webhook;
    });
    if (webhook) await this.settle(webhook);
  }

  private async replace(
    locked: Webhook,
    { overlapMs, actor, text }: { overlapMs: number; actor: string; text?: string },
    manager: EntityManager,
  ): Promise<{ webhook: Webhook; secret: string }> {
    const owner = { environmentId: locked.environmentId, webhookId: locked.id };
    const now = await databaseTime(manager);
    const stillLive = await endSecrets(manager, owner, now, overlapMs);
    if (stillLive >= LIVE_SECRETS_MAX) throw tooManySecrets();
    const fresh = newSecret(this.vault, owner, now, text);
    await insertSecret(manager, fresh.row);
    const webhook = revised(locked, now);
    await saveWebhook(manager, webhook, { actor, action: 'rotated' });
    return { webhook, secret: fresh.text };
  }

  private settle({ id: webhookId, revision }: Webhook): Promise<void> {
    return this.deliveryControl.settle([{ kind: 'rotated', webhookId, revision }]);
  }

  /** What cannot be read is another secret. */
  private isReadAs(text: string, { id: secretId, ...stored }: StoredSecret): boolean {
    try {
      return this.vault.open(stored, { ...stored, secretId }) === text;
    } catch (error) {
      if (error instanceof UnreadableSecretError) return false;
      throw error;
    }
  }
}

function tooManySecrets(): ApiError {
  return new ApiError(
    'SECRET_LIMIT_REACHED',
    `The webhook has ${LIVE_SECRETS_MAX} live secrets; wait until one ends, or rotate with overlap_seconds 0`,
  );
}

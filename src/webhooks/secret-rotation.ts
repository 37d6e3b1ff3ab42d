import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { answerAgain, type StoredAnswer } from './answer-with-secret.js';
import { DeliveryControl } from './delivery-control.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto } from './dto/webhook.dto.js';
import type { Webhook } from './entities/webhook.entity.js';
import { claimIdempotencyKey } from './idempotency-keys.repository.js';
import { newSecret, type NewSecret } from './new-secret.js';
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
import { databaseTime } from '../database/database-time.js';
import { lockWebhook, saveWebhook } from './webhooks.repository.js';

/** Each signs every attempt, and each signature makes the header longer. */
export const LIVE_SECRETS_MAX = 5;

const OPERATION = 'webhook.rotate-secret';

const CONFLICTS = {
  other: 'This Idempotency-Key was used to rotate the secret of another webhook, or with another overlap',
  gone: 'The secret that this Idempotency-Key made is no longer in use; take another key',
};

export interface RotationRequest {
  /**
   * How long the older secrets sign beside the new one; those that end earlier stay at that. 0: they are wiped at once.
   */
  overlapMs: number;
  /** Who rotates, as in `webhook_revision.changed_by`. */
  actor: string;
  idempotencyKey: string | null;
}

/** A webhook with a new secret, neither of them written yet. */
interface Rotated {
  webhook: Webhook;
  secret: NewSecret;
}

/** Gives webhooks new secrets, and ends the old ones after a time in which both are good. */
@Injectable()
export class SecretRotation {
  constructor(
    private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /**
   * Once it is answered, every attempt that starts is signed with the new secret. So it is when it is answered again.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND, SECRET_LIMIT_REACHED, IDEMPOTENCY_CONFLICT
   */
  async rotate(owner: SecretOwner, request: RotationRequest): Promise<WebhookWithSecretDto> {
    const { webhook, answer } = await this.dataSource.transaction(async (manager) => {
      const locked = await lockWebhook(manager, { environmentId: owner.environmentId, id: owner.webhookId });
      if (!locked) throw notFound('WEBHOOK_NOT_FOUND');
      const rotated = this.rotated(locked, await databaseTime(manager));
      const again = await this.repeat(rotated, request, manager);
      if (again) return { webhook: locked, answer: again };
      await this.write(rotated, request, manager);
      return { webhook: rotated.webhook, answer: { ...toWebhookDto(rotated.webhook), secret: rotated.secret.text } };
    });
    await this.settle(webhook);
    return answer;
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
      const rotated = this.rotated(locked, await databaseTime(manager), text);
      await this.write(rotated, { overlapMs: fittingMs, actor }, manager);
      return rotated.webhook;
    });
    if (webhook) await this.settle(webhook);
  }

  /** @param text a secret that the owner chose; a random one if absent. */
  private rotated(locked: Webhook, now: Date, text?: string): Rotated {
    const owner = { environmentId: locked.environmentId, webhookId: locked.id };
    return { webhook: revised(locked, now), secret: newSecret(this.vault, owner, now, text) };
  }

  /** The answer of the request before this one that had the same key; null when the key is ours now, or there is none. */
  private async repeat(
    { webhook, secret }: Rotated,
    { overlapMs, idempotencyKey }: RotationRequest,
    manager: EntityManager,
  ): Promise<WebhookWithSecretDto | null> {
    if (idempotencyKey === null) return null;
    const { environmentId, id: webhookId } = webhook;
    const contentHash = createHash('sha256')
      .update(JSON.stringify([webhookId, overlapMs]))
      .digest();
    const keyed = { environmentId, operation: OPERATION, key: idempotencyKey, contentHash };
    const answer = { webhook: toWebhookDto(webhook), secretId: secret.row.id };
    const earlier = await claimIdempotencyKey<StoredAnswer>(manager, keyed, webhookId, answer);
    return earlier && answerAgain(earlier, contentHash, { manager, vault: this.vault, told: CONFLICTS });
  }

  private async write(
    { webhook, secret }: Rotated,
    { overlapMs, actor }: Pick<RotationRequest, 'overlapMs' | 'actor'>,
    manager: EntityManager,
  ): Promise<void> {
    const owner = { environmentId: webhook.environmentId, webhookId: webhook.id };
    const stillLive = await endSecrets(manager, owner, secret.row.createdAt, overlapMs);
    if (stillLive >= LIVE_SECRETS_MAX) throw tooManySecrets();
    await insertSecret(manager, secret.row);
    await saveWebhook(manager, webhook, { actor, action: 'rotated' });
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

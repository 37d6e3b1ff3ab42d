import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ApiError } from '../../http/errors.js';
import { notFound } from '../../http/not-found.js';
import { answerAgain, type StoredAnswer } from './answer-with-secret.js';
import type { WebhookWithSecretDto } from '../dto/webhook-with-secret.dto.js';
import { toWebhookDto } from '../dto/webhook.dto.js';
import type { Webhook } from '../webhook.entity.js';
import { claimIdempotencyKey } from '../../idempotency/idempotency-keys.repository.js';
import { newSecret, type NewSecret } from './new-secret.js';
import { SecretVault, UnreadableSecretError } from './secret-vault.js';
import { revised } from '../webhook-change.js';
import { type WebhookChanges, WebhookTransaction } from '../webhook-transaction.js';
import {
  countLiveSecrets,
  endSecrets,
  findNewestSecret,
  insertSecret,
  type SecretOwner,
  type StoredSecret,
} from './webhook-secrets.repository.js';
import { databaseTime } from '../../database/database-time.js';
import { lockWebhook, saveWebhook } from '../webhooks.repository.js';

/** Each signs every attempt, and makes the header longer. */
export const LIVE_SECRETS_MAX = 5;

const OPERATION = 'webhook.rotate-secret';

const CONFLICTS = {
  other: 'was used before for another webhook, or with another overlap',
  gone: 'made a secret that is no longer in use; take another key',
};

export interface RotationRequest {
  /** How long older secrets sign beside the new one, at most. 0: they are wiped at once. */
  overlapMs: number;
  actor: string;
  idempotency: {
    key: string;
    /** The token is for this webhook alone: others' use of the same key must not show. */
    isWebhooksOwn: boolean;
  } | null;
}

/** Neither is written yet. */
interface Rotated {
  webhook: Webhook;
  secret: NewSecret;
}

@Injectable()
export class SecretRotation {
  constructor(
    private readonly transaction: WebhookTransaction,
    private readonly vault: SecretVault,
  ) {}

  /**
   * Every attempt that starts after the answer is signed with the new secret; so it is when a repeat is answered.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND, SECRET_LIMIT_REACHED, IDEMPOTENCY_CONFLICT
   */
  async rotate(owner: SecretOwner, request: RotationRequest): Promise<WebhookWithSecretDto> {
    return this.transaction.run(async (changes) => {
      const { manager } = changes;
      const locked = await lockWebhook(manager, { environmentId: owner.environmentId, id: owner.webhookId });
      if (!locked) throw notFound('WEBHOOK_NOT_FOUND');
      const rotated = this.rotated(locked, await databaseTime(manager));
      const again = await this.repeat(rotated, request, manager);
      if (again) {
        this.supersede(locked, changes);
        return again;
      }
      await this.write(rotated, request, changes);
      return { ...toWebhookDto(rotated.webhook), secret: rotated.secret.text };
    });
  }

  /**
   * Makes the owner's secret sign, if it is not the newest already, and the older ones beside it for a while. When too
   * many are live, the older ones end at once.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND
   */
  async assure(
    { environmentId, webhookId }: SecretOwner,
    text: string,
    overlapMs: number,
    actor: string,
  ): Promise<void> {
    await this.transaction.run(async (changes) => {
      const { manager } = changes;
      const locked = await lockWebhook(manager, { environmentId, id: webhookId });
      if (!locked) throw notFound('WEBHOOK_NOT_FOUND');
      const newest = await findNewestSecret(manager, { environmentId, webhookId });
      if (newest && this.isReadAs(text, newest)) return;
      const live = await countLiveSecrets(manager, { environmentId, webhookId });
      const fittingMs = live >= LIVE_SECRETS_MAX ? 0 : overlapMs;
      const rotated = this.rotated(locked, await databaseTime(manager), text);
      await this.write(rotated, { overlapMs: fittingMs, actor }, changes);
    });
  }

  private rotated(locked: Webhook, now: Date, text?: string): Rotated {
    const owner = { environmentId: locked.environmentId, webhookId: locked.id };
    return { webhook: revised(locked, now), secret: newSecret(this.vault, owner, now, text) };
  }

  /** The answer to the earlier request with the same key; null when the key is ours now, or there is none. */
  private async repeat(
    { webhook, secret }: Rotated,
    { overlapMs, idempotency }: RotationRequest,
    manager: EntityManager,
  ): Promise<WebhookWithSecretDto | null> {
    if (idempotency === null) return null;
    const { environmentId, id: webhookId } = webhook;
    const contentHash = createHash('sha256')
      .update(JSON.stringify([webhookId, overlapMs]))
      .digest();
    const operation = idempotency.isWebhooksOwn ? `${OPERATION}/${webhookId}` : OPERATION;
    const keyed = { environmentId, operation, key: idempotency.key, contentHash };
    const answer = { webhook: toWebhookDto(webhook), secretId: secret.row.id };
    const earlier = await claimIdempotencyKey<StoredAnswer>(manager, keyed, webhookId, answer);
    return earlier && answerAgain(earlier, contentHash, { manager, vault: this.vault, told: CONFLICTS });
  }

  private async write(
    { webhook, secret }: Rotated,
    { overlapMs, actor }: Pick<RotationRequest, 'overlapMs' | 'actor'>,
    changes: WebhookChanges,
  ): Promise<void> {
    const { manager } = changes;
    const owner = { environmentId: webhook.environmentId, webhookId: webhook.id };
    const stillLive = await endSecrets(manager, owner, secret.row.createdAt, overlapMs);
    if (stillLive >= LIVE_SECRETS_MAX) throw tooManySecrets();
    await insertSecret(manager, secret.row);
    await saveWebhook(manager, webhook, { actor, action: 'rotated' });
    this.supersede(webhook, changes);
  }

  /** What is owed stays owed, and is signed with the secrets of this revision. */
  private supersede({ id: webhookId, revision }: Webhook, changes: WebhookChanges): void {
    changes.add([{ kind: 'rotated', webhookId, revision }]);
  }

  /** A secret that cannot be read is another one. */
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

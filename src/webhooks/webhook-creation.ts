import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { holdEnvironment } from '../auth/hold-environment.js';
import { ApiError } from '../http/errors.js';
import { OTHER_CONTENT } from '../idempotency/idempotency-key.js';
import { notFound } from '../http/not-found.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { Config } from '../config/config.js';
import { answerAgain, type StoredAnswer } from './secrets/answer-with-secret.js';
import type { CreateWebhookDto } from './dto/create-webhook.dto.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto } from './dto/webhook.dto.js';
import type { Webhook } from './webhook.entity.js';
import type { EventType } from './event-types.js';
import { claimIdempotencyKey } from '../idempotency/idempotency-keys.repository.js';
import { newSecret } from './secrets/new-secret.js';
import { SecretVault } from './secrets/secret-vault.js';
import { insertWebhook } from './insert-webhook.js';
import { databaseTime } from '../database/database-time.js';

const OPERATION = 'webhook.create';

const CONFLICTS = {
  other: OTHER_CONTENT,
  gone: 'made a webhook that was deleted, or whose secret is no longer in use; take another key',
};

/** More than all replicas together make at once: with so many left below the limit, nobody can pass it. */
const UNLOCKED_MARGIN = 200;

type WebhookRow = Parameters<typeof insertWebhook>[1];

export interface CreationRequest {
  environmentId: string;
  body: CreateWebhookDto;
  actor: string;
  idempotencyKey: string | null;
}

/** Makes webhooks, one for each idempotency key. */
@Injectable()
export class WebhookCreation {
  constructor(
    private readonly vault: SecretVault,
    private readonly config: Config,
  ) {}

  /**
   * @param manager in a transaction when there is a key: the key is committed with its webhook.
   * @throws ApiError ENVIRONMENT_NOT_FOUND, IDEMPOTENCY_CONFLICT, WEBHOOK_LIMIT_REACHED
   */
  async run(request: CreationRequest, manager: EntityManager): Promise<WebhookWithSecretDto> {
    const { environmentId, body, actor, idempotencyKey } = request;
    const webhook = newWebhook(environmentId, body, await databaseTime(manager));
    const secret = newSecret(this.vault, { environmentId, webhookId: webhook.id }, webhook.createdAt);
    const answer = { webhook: toWebhookDto(webhook), secretId: secret.row.id };

    if (idempotencyKey !== null) {
      const contentHash = contentHashOf(webhook);
      const keyed = { environmentId, operation: OPERATION, key: idempotencyKey, contentHash };
      const earlier = await claimIdempotencyKey<StoredAnswer>(manager, keyed, webhook.id, answer);
      if (earlier) return answerAgain(earlier, contentHash, { manager, vault: this.vault, told: CONFLICTS });
    }
    await this.insert({ webhook, secret: secret.row, changedBy: actor }, manager);
    return { ...answer.webhook, secret: secret.text };
  }

  /** Near the limit, one webhook is made after the other. */
  private async insert(row: WebhookRow, manager: EntityManager): Promise<void> {
    const limit = this.config.webhooksPerEnvironment;
    if (await insertWebhook(manager, row, limit - UNLOCKED_MARGIN)) return;
    await manager.transaction(async (inner) => {
      const isHeld = await holdEnvironment(inner, row.webhook.environmentId, 'exclusive');
      if (!isHeld) throw notFound('ENVIRONMENT_NOT_FOUND');
      if (await insertWebhook(inner, row, limit)) return;
      throw new ApiError('WEBHOOK_LIMIT_REACHED', `An environment may have ${limit} webhooks; delete some first`);
    });
  }
}

/** @param now the database's time, in whole milliseconds. */
export function newWebhook(environmentId: string, body: CreateWebhookDto, now: Date): Webhook {
  const { target_url: targetUrl, is_active: isActive = true, event_types: eventTypes } = body;
  return {
    environmentId,
    id: uuidV7(now.getTime()),
    targetUrl,
    isActive,
    eventTypes: eventTypes ? withoutRepeats(eventTypes) : null,
    revision: 1,
    disabledAt: isActive ? null : now,
    disabledReason: isActive ? null : 'manual',
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
}

export function withoutRepeats(eventTypes: readonly EventType[]): EventType[] {
  return [...new Set(eventTypes)];
}

/**
 * SHA-256 of what a request means: a default may be left out, and the order of types does not matter. All types by name
 * are not "every type": later types are not among them.
 */
export function contentHashOf({ targetUrl, isActive, eventTypes }: Webhook): Buffer {
  const content = JSON.stringify([targetUrl, isActive, eventTypes?.toSorted() ?? null]);
  return createHash('sha256').update(content).digest();
}

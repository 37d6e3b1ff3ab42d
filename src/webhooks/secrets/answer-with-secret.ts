import type { EntityManager } from 'typeorm';
import { idempotencyConflict } from '../../idempotency/idempotency-key.js';
import type { WebhookWithSecretDto } from '../dto/webhook-with-secret.dto.js';
import type { WebhookDto } from '../dto/webhook.dto.js';
import type { KeyedAnswer } from '../../idempotency/idempotency-keys.repository.js';
import type { SecretVault } from './secret-vault.js';
import { findLiveSecret } from './webhook-secrets.repository.js';

/** For the answer to a repeat. The secret stays sealed in its own row. */
export interface StoredAnswer {
  webhook: WebhookDto;
  secretId: string;
}

/**
 * The answer to the first request with an idempotency key, byte for byte.
 *
 * @param contentHash of the request that repeats it.
 * @param told messages: `other` for other content, `gone` when the secret is no longer in use.
 * @throws ApiError IDEMPOTENCY_CONFLICT
 */
export async function answerAgain(
  { contentHash: earlierHash, answer }: KeyedAnswer<StoredAnswer>,
  contentHash: Buffer,
  { manager, vault, told }: { manager: EntityManager; vault: SecretVault; told: { other: string; gone: string } },
): Promise<WebhookWithSecretDto> {
  if (!earlierHash.equals(contentHash)) throw idempotencyConflict(told.other);
  const { webhook, secretId } = answer;
  const binding = { environmentId: webhook.environment_id, webhookId: webhook.id, secretId };
  const sealed = await findLiveSecret(manager, binding);
  if (!sealed) throw idempotencyConflict(told.gone);
  return { ...inDocumentedOrder(webhook), secret: vault.open(sealed, binding) };
}

/** `jsonb` keeps no order of members. */
function inDocumentedOrder(webhook: WebhookDto): WebhookDto {
  const { id, target_url, is_active, environment_id, event_types, created_at, updated_at } = webhook;
  return { id, target_url, is_active, environment_id, event_types, created_at, updated_at };
}

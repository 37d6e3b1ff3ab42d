import { randomUUID } from 'node:crypto';
import { uuidV7 } from '../../common/uuid-v7.js';
import type { WebhookSecret } from './webhook-secret.entity.js';
import type { SecretVault } from './secret-vault.js';

/** As its owner sees it, once, and as it is stored. */
export interface NewSecret {
  text: string;
  row: WebhookSecret;
}

/**
 * @param createdAt the database's time, in whole milliseconds; the newest secret signs first.
 * @param text one that the owner chose; absent: a random one.
 */
export function newSecret(
  vault: SecretVault,
  { environmentId, webhookId }: { environmentId: string; webhookId: string },
  createdAt: Date,
  text: string = randomUUID(),
): NewSecret {
  const id = uuidV7(createdAt.getTime());
  const sealed = vault.seal(text, { environmentId, webhookId, secretId: id });
  return { text, row: { environmentId, webhookId, id, ...sealed, createdAt, expiresAt: null } };
}

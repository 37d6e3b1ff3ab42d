import type { EntityManager } from 'typeorm';
import { registerKeyring } from './encryption-key-check.js';
import type { SecretVault } from './secret-vault.js';
import { nextSecretsUnderOtherKeys, replaceCiphertexts, type StoredSecret } from './webhook-secrets.repository.js';

const SECRETS_PER_ROUND = 500;

/**
 * Encrypts every stored secret with the first key of the ring, a few at a time, beside other processes. Secrets that
 * existed at the start then need no other key.
 *
 * @returns how many were encrypted anew.
 * @throws when the database knows another key by a name of the ring; UnreadableSecretError for a secret that no key
 *   opens, when those before it are done.
 */
export async function reencryptSecrets(manager: EntityManager, vault: SecretVault): Promise<number> {
  const [first] = vault.keyring;
  // In a transaction: a refusal leaves nothing behind.
  await manager.transaction((inner) => registerKeyring(inner, vault));
  let total = 0;
  let after: StoredSecret | null = null;
  for (;;) {
    const secrets: StoredSecret[] = await nextSecretsUnderOtherKeys(manager, first!.id, after, SECRETS_PER_ROUND);
    total += await replaceCiphertexts(
      manager,
      secrets.map((secret) => {
        const { environmentId, webhookId, id: secretId } = secret;
        const binding = { environmentId, webhookId, secretId };
        return { before: secret, after: vault.seal(vault.open(secret, binding), binding) };
      }),
    );
    if (secrets.length < SECRETS_PER_ROUND) return total;
    after = secrets.at(-1)!;
  }
}

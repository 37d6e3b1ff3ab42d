import type { EntityManager } from 'typeorm';
import { fingerprintOf, type SecretVault } from './secret-vault.js';
import { registerKeys } from './encryption-keys.repository.js';
import { nextSecretsUnderOtherKeys, replaceCiphertexts, type StoredSecret } from './webhook-secrets.repository.js';

const SECRETS_PER_ROUND = 500;

/**
 * Encrypts every stored secret with the first key of the ring, a few at a time, while other processes read, make and wipe
 * secrets. Afterwards the other keys are needed by nothing that was there when it began.
 *
 * @returns how many were encrypted anew
 * @throws UnreadableSecretError for a secret that no key of the ring opens; those before it are done
 */
export async function reencryptSecrets(manager: EntityManager, vault: SecretVault): Promise<number> {
  const [first] = vault.keyring;
  await registerKeys(manager, [{ id: first!.id, fingerprint: fingerprintOf(first!.key) }]);
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

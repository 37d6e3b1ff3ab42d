import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { OperatorError } from '../../common/operator-error.js';
import { findMissingKeys, registerKeys } from './encryption-keys.repository.js';
import { fingerprintOf, SecretVault } from './secret-vault.js';

/**
 * Refuses a start with keys that do not fit the database. Without it a replica with the wrong ENCRYPTION_KEYS would
 * run, and every delivery that it had to sign would fail.
 */
@Injectable()
export class EncryptionKeyCheck implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
  ) {}

  async onModuleInit(): Promise<void> {
    // One transaction: a start that is refused registers nothing, so a name that was used by mistake stays free.
    await this.dataSource.transaction(async (manager) => {
      const missing = await findMissingKeys(
        manager,
        this.vault.keyring.map(({ id }) => id),
      );
      if (missing.length > 0) {
        throw new OperatorError(
          `ENCRYPTION_KEYS lacks a key that stored signing secrets need: ${missing.join(', ')}. Add it behind the others.`,
        );
      }
      await registerKeyring(manager, this.vault);
    });
  }
}

/**
 * Makes the keys known to the database.
 *
 * @throws when it knows another key by the name of one of them.
 */
export async function registerKeyring(manager: EntityManager, { keyring }: SecretVault): Promise<void> {
  const keys = keyring.map(({ id, key }) => ({ id, fingerprint: fingerprintOf(key) }));
  const different = await registerKeys(manager, keys);
  if (different.length === 0) return;
  throw new OperatorError(
    `ENCRYPTION_KEYS has another key than this database knows as: ${different.join(', ')}. ` +
      'Give back the key that it had, or give the new one a name of its own.',
  );
}

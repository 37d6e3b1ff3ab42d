import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { OperatorError } from '../../common/operator-error.js';
import { findMissingKeys, registerKeys } from './encryption-keys.repository.js';
import { fingerprintOf, SecretVault } from './secret-vault.js';

/**
 * Refuses a start with ENCRYPTION_KEYS that do not fit the database. Otherwise every delivery that the replica signs
 * would fail.
 */
@Injectable()
export class EncryptionKeyCheck implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
  ) {}

  async onModuleInit(): Promise<void> {
    // One transaction: a refused start registers nothing, so a name used by mistake stays free.
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

/** @throws when the database knows another key by one of the names. */
export async function registerKeyring(manager: EntityManager, { keyring }: SecretVault): Promise<void> {
  const keys = keyring.map(({ id, key }) => ({ id, fingerprint: fingerprintOf(key) }));
  const different = await registerKeys(manager, keys);
  if (different.length === 0) return;
  throw new OperatorError(
    `ENCRYPTION_KEYS has another key than this database knows as: ${different.join(', ')}. ` +
      'Give back the key that it had, or give the new one a name of its own.',
  );
}

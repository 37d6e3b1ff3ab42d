import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
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
    const keys = this.vault.keyring.map(({ id, key }) => ({ id, fingerprint: fingerprintOf(key) }));
    // One transaction: a start that is refused registers nothing, so a name that was used by mistake stays free.
    await this.dataSource.transaction(async (manager) => {
      const missing = await findMissingKeys(
        manager,
        keys.map(({ id }) => id),
      );
      if (missing.length > 0) {
        throw new Error(`ENCRYPTION_KEYS lacks a key that stored signing secrets need: ${missing.join(', ')}`);
      }
      const different = await registerKeys(manager, keys);
      if (different.length > 0) {
        throw new Error(`ENCRYPTION_KEYS has another key than this database knows as: ${different.join(', ')}`);
      }
    });
  }
}

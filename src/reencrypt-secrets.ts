import 'reflect-metadata';
import { type Config, loadConfig } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { resolveCredentials } from './config/first-boot.js';
import { DataDirectory } from './database/embedded/data-directory.js';
import { openDatabase } from './database/database.js';
import { EmbeddedPostgres } from './database/embedded/embedded-postgres.js';
import { explain } from './explain.js';
import { schema } from './schema.js';
import { reencryptSecrets } from './webhooks/secrets/secret-reencryption.js';
import { SecretVault } from './webhooks/secrets/secret-vault.js';

/** For the report of a failure. */
let given: Config | null = null;

/**
 * `npm run secrets:reencrypt`: encrypts the stored signing secrets with the first of ENCRYPTION_KEYS. The service may
 * run meanwhile, but not with the embedded database, which belongs to one process.
 */
async function run(): Promise<void> {
  given = loadConfig(readEnvironment());
  // Before a credential is made in it, as in main.ts.
  const directory = given.databaseUrl === null ? DataDirectory.claim(given.dataDir) : null;
  const config = await resolveCredentials(given);
  const embedded = directory && (await EmbeddedPostgres.start(directory));
  try {
    const dataSource = await openDatabase({
      url: embedded?.url ?? config.databaseUrl!,
      schema,
      isEmbedded: embedded !== null,
      poolSize: 2,
      mayMigrate: config.migrateOnStart,
    });
    try {
      const count = await reencryptSecrets(dataSource.manager, new SecretVault(config.encryptionKeys));
      const [first] = config.encryptionKeys;
      process.stdout.write(`Encrypted anew: ${count}. Every stored secret is under the key ${first!.id} now.\n`);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await embedded?.stop();
  }
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${explain(error, given)}\n`);
  process.exitCode = 1;
}

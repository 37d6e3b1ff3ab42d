import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type Config, type ConfigProblem } from './config.js';
import { createCredential, readCredential } from './credential-file.js';
import { SETTINGS } from './settings.js';
import type { SettingType } from './setting-type.js';
import type { EncryptionKey } from './storage-types.js';

/** Files in DATA_DIR with the credentials made at first boot. `api-token` is written with the default environment. */
export const CREDENTIAL_FILES = {
  adminToken: 'admin-token',
  encryptionKeys: 'encryption-keys',
  apiToken: 'api-token',
} as const;

export type ResolvedConfig = Config & { readonly adminToken: string; readonly encryptionKeys: EncryptionKey[] };

/**
 * Reads missing credentials from DATA_DIR, or makes them there at the first boot.
 *
 * @throws ConfigError when a file in DATA_DIR has invalid content.
 */
export async function resolveCredentials(config: Config): Promise<ResolvedConfig> {
  const problems: ConfigProblem[] = [];
  const stored = async <T>(
    file: string,
    name: string,
    type: SettingType<T>,
    fresh: () => string,
  ): Promise<T | null> => {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    const text =
      (await readCredential(config.dataDir, file)) ?? (await createCredential(config.dataDir, file, fresh()));
    const parsed = type.parse(text);
    if (parsed.ok) return parsed.value;
    problems.push({ name, reason: `${parsed.reason} (read from ${join(config.dataDir, file)})` });
    return null;
  };

  const { adminToken: token, encryptionKeys: keys } = SETTINGS;
  const adminToken =
    config.adminToken ?? (await stored(CREDENTIAL_FILES.adminToken, token.name, token.type, newAdminToken));
  const encryptionKeys =
    config.encryptionKeys ?? (await stored(CREDENTIAL_FILES.encryptionKeys, keys.name, keys.type, newEncryptionKey));
  if (adminToken === null || encryptionKeys === null) throw new ConfigError(problems);
  return config.with({ adminToken, encryptionKeys }) as ResolvedConfig;
}

/** 256 random bits, with a prefix for secret scanners. */
function newAdminToken(): string {
  return `tdg_admin_${randomBytes(32).toString('base64url')}`;
}

/** The id is random: a key made after the first one was lost must not be taken for it. */
function newEncryptionKey(): string {
  return `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
}

import { resolve } from 'node:path';
import { parseDatabaseUrl, secretsOfDatabaseUrl } from './database-url.js';
import { accepted, refused, type SettingType } from './setting-type.js';

export interface EncryptionKey {
  /** Stored rows refer to the key by it. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

const KEY_BYTES = 32;
const KEY_ID = /^[\w.-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MAX_TEXT_LENGTH = 1024;

/** Made absolute, so that a message about it is clear wherever it is read. */
export function directory(): SettingType<string> {
  return {
    form: 'path',
    parse: (text) =>
      text.trim() === '' || text.includes('\0') ? refused('must be the path of a directory') : accepted(resolve(text)),
  };
}

export function postgresUrl(): SettingType<string> {
  return {
    form: '`postgres://` or `postgresql://` URL',
    parse: (text) => {
      const parsed = parseDatabaseUrl(text);
      return parsed.ok ? accepted(text) : parsed;
    },
    secretsIn: secretsOfDatabaseUrl,
  };
}

/** Visible ASCII, so that it fits an `Authorization` header (RFC 6750 §2.1). */
export function bearerToken(length: { minLength: number }): SettingType<string> {
  return visibleAscii(length);
}

/** Its characters are the key, so every receiver must encode them alike. */
export function signingSecret(length: { minLength: number }): SettingType<string> {
  return visibleAscii(length);
}

function visibleAscii({ minLength }: { minLength: number }): SettingType<string> {
  return {
    form: `at least ${minLength} visible ASCII characters`,
    parse: (text) => {
      if (text.length < minLength || text.length > MAX_TEXT_LENGTH) {
        return refused(`must have ${minLength} to ${MAX_TEXT_LENGTH} characters`);
      }
      return /^[\x21-\x7e]+$/.test(text) ? accepted(text) : refused('must be visible ASCII characters without spaces');
    },
  };
}

export function encryptionKey(): SettingType<EncryptionKey> {
  return {
    form: '`id:base64-of-32-bytes`',
    parse: (text) => {
      const separator = text.indexOf(':');
      const [id, encoded] = [text.slice(0, Math.max(separator, 0)), text.slice(separator + 1)];
      if (!KEY_ID.test(id)) return refused('must be id:key with an id of 1 to 64 letters, digits, "_", "." or "-"');
      const key = Buffer.from(encoded, 'base64');
      // Buffer.from skips other characters; only the exact spelling of the bytes is accepted.
      const isExact = BASE64.test(encoded) && key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
      return isExact && key.length === KEY_BYTES
        ? accepted({ id, key })
        : refused(`must hold ${KEY_BYTES} bytes in base64 behind the id`);
    },
    secretsIn: ({ key }) => [key.toString('base64').replace(/=+$/, ''), key.toString('base64url'), key.toString('hex')],
  };
}

/** Rows refer to a key by its id, so the ids must differ. */
export function distinctKeys(keys: SettingType<EncryptionKey[]>): SettingType<EncryptionKey[]> {
  return {
    ...keys,
    parse: (text) => {
      const parsed = keys.parse(text);
      if (!parsed.ok) return parsed;
      const ids = new Set(parsed.value.map(({ id }) => id));
      return ids.size === parsed.value.length ? parsed : refused('must not use one id for two keys');
    },
  };
}

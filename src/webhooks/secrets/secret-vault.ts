import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { OperatorError } from '../../common/operator-error.js';
import type { EncryptionKey } from '../../config/storage-types.js';

/** A ciphertext opens only with what it is bound to. */
export interface SecretBinding {
  environmentId: string;
  webhookId: string;
  secretId: string;
}

export interface Sealed {
  keyId: string;
  /** 12-byte nonce, ciphertext, 16-byte tag. */
  ciphertext: Buffer;
}

/** Its key is not in ENCRYPTION_KEYS, or the row was altered or moved. */
export class UnreadableSecretError extends OperatorError {}

const ALGORITHM = 'aes-256-gcm';
/** Random nonces of 96 bits are good for 2^32 encryptions under one key (NIST SP 800-38D §8.2.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FINGERPRINT_LABEL = 'tidings encryption key fingerprint v1';

/** About 5 MB of opened secrets. */
const DEFAULT_CAPACITY = 10_000;

/** A plaintext, and all that it was opened from. */
interface OpenedSecret extends SecretBinding {
  keyId: string;
  /** Latin1 text: a small Buffer would keep alive the 8 KiB that Node cut it from. */
  ciphertext: string;
  plaintext: string;
}

/**
 * Encrypts signing secrets at rest (AES-256-GCM). The first key of the ring encrypts, every key decrypts.
 *
 * It remembers opened secrets: to open one takes 22 µs, more than to sign with it.
 */
export class SecretVault {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly sealingKey: EncryptionKey;
  private readonly opened: LRUCache<string, OpenedSecret>;

  constructor(
    readonly keyring: readonly EncryptionKey[],
    capacity: number = DEFAULT_CAPACITY,
  ) {
    const [first] = keyring;
    if (!first) throw new Error('The keyring is empty: ENCRYPTION_KEYS needs at least one key.');
    this.sealingKey = first;
    this.opened = new LRUCache({ max: capacity });
    this.keys = new Map(keyring.map(({ id, key }) => [id, key]));
  }

  seal(plaintext: string, binding: SecretBinding): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.sealingKey.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData(binding));
    const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return { keyId: this.sealingKey.id, ciphertext: Buffer.concat([nonce, body, cipher.getAuthTag()]) };
  }

  /** @throws UnreadableSecretError */
  open(sealed: Sealed, binding: SecretBinding): string {
    const source = { ...binding, keyId: sealed.keyId, ciphertext: sealed.ciphertext.toString('latin1') };
    const known = this.opened.get(binding.secretId);
    const plaintext = known && isOpenedFrom(known, source) ? known.plaintext : this.decrypt(sealed, binding);
    this.opened.set(binding.secretId, { ...source, plaintext });
    return plaintext;
  }

  private decrypt({ keyId, ciphertext }: Sealed, binding: SecretBinding): string {
    const key = this.keys.get(keyId);
    if (!key) throw new UnreadableSecretError(`No encryption key "${keyId}" in ENCRYPTION_KEYS.`);
    try {
      const nonce = ciphertext.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(additionalData(binding));
      decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
      const body = ciphertext.subarray(NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new UnreadableSecretError(`Secret ${binding.secretId} does not open with key "${keyId}".`, { cause });
    }
  }
}

function isOpenedFrom(known: OpenedSecret, source: Omit<OpenedSecret, 'plaintext'>): boolean {
  return (
    known.keyId === source.keyId &&
    known.webhookId === source.webhookId &&
    known.environmentId === source.environmentId &&
    known.ciphertext === source.ciphertext
  );
}

/** Tells whether two processes use the same key under one id, but nothing of the key. */
export function fingerprintOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update(FINGERPRINT_LABEL).digest();
}

function additionalData({ environmentId, webhookId, secretId }: SecretBinding): Buffer {
  return Buffer.from(`${environmentId}:${webhookId}:${secretId}`, 'utf8');
}

import { createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { fingerprintOf, SecretVault, UnreadableSecretError } from '../../src/webhooks/secrets/secret-vault.js';

const first = { id: 'first', key: randomBytes(32) };
const second = { id: 'second', key: randomBytes(32) };
const binding = { environmentId: randomUUID(), webhookId: randomUUID(), secretId: randomUUID() };
const SECRET = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';

describe('The secret vault', () => {
  it('opens what it sealed', () => {
    const vault = new SecretVault([first]);
    expect(vault.open(vault.seal(SECRET, binding), binding)).toBe(SECRET);
  });

  it('writes nonce, ciphertext and tag, with the row and environment as additional data', () => {
    const { keyId, ciphertext } = new SecretVault([first]).seal(SECRET, binding);
    expect(keyId).toBe('first');
    expect(ciphertext).toHaveLength(12 + SECRET.length + 16);

    const decipher = createDecipheriv('aes-256-gcm', first.key, ciphertext.subarray(0, 12));
    decipher.setAAD(Buffer.from(`${binding.environmentId}:${binding.webhookId}:${binding.secretId}`));
    decipher.setAuthTag(ciphertext.subarray(-16));
    const plaintext = Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]);
    expect(plaintext.toString()).toBe(SECRET);
  });

  it('never seals twice alike', () => {
    const vault = new SecretVault([first]);
    expect(vault.seal(SECRET, binding).ciphertext).not.toEqual(vault.seal(SECRET, binding).ciphertext);
  });

  it('seals with the first key and opens with every key', () => {
    const sealed = new SecretVault([second]).seal(SECRET, binding);
    const vault = new SecretVault([first, second]);
    expect(vault.open(sealed, binding)).toBe(SECRET);
    expect(vault.seal(SECRET, binding).keyId).toBe('first');
  });

  it('does not open what a key outside the ring sealed, and names that key', () => {
    const sealed = new SecretVault([second]).seal(SECRET, binding);
    expect(() => new SecretVault([first]).open(sealed, binding)).toThrow(UnreadableSecretError);
    expect(() => new SecretVault([first]).open(sealed, binding)).toThrow('second');
  });

  it('does not open with another key of the same name', () => {
    const sealed = new SecretVault([first]).seal(SECRET, binding);
    const impostor = new SecretVault([{ id: 'first', key: second.key }]);
    expect(() => impostor.open(sealed, binding)).toThrow(UnreadableSecretError);
  });

  it.each(['environmentId', 'webhookId', 'secretId'] as const)('does not open a secret under another %s', (member) => {
    const vault = new SecretVault([first]);
    const sealed = vault.seal(SECRET, binding);
    expect(vault.open(sealed, binding)).toBe(SECRET);
    expect(() => vault.open(sealed, { ...binding, [member]: randomUUID() })).toThrow(UnreadableSecretError);
  });

  it.each([0, 12, 12 + SECRET.length])('notices a change of byte %i, also after it opened the original', (position) => {
    const vault = new SecretVault([first]);
    const sealed = vault.seal(SECRET, binding);
    vault.open(sealed, binding);
    const ciphertext = Buffer.from(sealed.ciphertext);
    ciphertext[position]! ^= 1;
    expect(() => vault.open({ ...sealed, ciphertext }, binding)).toThrow(UnreadableSecretError);
  });

  it.each([0, 11, 27])('does not open a row that was cut to %i bytes', (length) => {
    const vault = new SecretVault([first]);
    const { keyId, ciphertext } = vault.seal(SECRET, binding);
    const cut = { keyId, ciphertext: ciphertext.subarray(0, length) };
    expect(() => vault.open(cut, binding)).toThrow(UnreadableSecretError);
  });

  it('keeps opening every secret when more are in use than it remembers', () => {
    const vault = new SecretVault([first], 2);
    const secrets = Array.from({ length: 5 }, () => {
      const own = { ...binding, secretId: randomUUID() };
      const secret = randomUUID();
      return { own, secret, sealed: vault.seal(secret, own) };
    });
    for (const { own, secret, sealed } of [...secrets, ...secrets]) expect(vault.open(sealed, own)).toBe(secret);
  });

  it('needs a key', () => {
    expect(() => new SecretVault([])).toThrow('ENCRYPTION_KEYS');
  });
});

describe('The fingerprint of a key', () => {
  it('is the same for the same key, another for another, and not the key', () => {
    expect(fingerprintOf(first.key)).toEqual(fingerprintOf(Buffer.from(first.key)));
    expect(fingerprintOf(first.key)).not.toEqual(fingerprintOf(second.key));
    expect(fingerprintOf(first.key)).toHaveLength(32);
    expect(fingerprintOf(first.key)).not.toEqual(first.key);
  });
});

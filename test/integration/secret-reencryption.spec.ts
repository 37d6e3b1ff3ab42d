import { randomBytes, randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { WebhookSecret } from '../../src/webhooks/secrets/webhook-secret.entity.js';
import { newSecret } from '../../src/webhooks/secrets/new-secret.js';
import { reencryptSecrets } from '../../src/webhooks/secrets/secret-reencryption.js';
import { fingerprintOf, SecretVault, UnreadableSecretError } from '../../src/webhooks/secrets/secret-vault.js';
import { registerKeys } from '../../src/webhooks/secrets/encryption-keys.repository.js';
import { insertSecret } from '../../src/webhooks/secrets/webhook-secrets.repository.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';

let database: TestDatabase;
let manager: EntityManager;
let owner: { environmentId: string; webhookId: string };
beforeAll(async () => {
  database = await createTestDatabase();
  manager = database.dataSource.manager;
});
beforeEach(async () => {
  const environmentId = await makeEnvironment(database.dataSource);
  owner = { environmentId, webhookId: await makeWebhook(database.dataSource, environmentId) };
  await manager.deleteAll(WebhookSecret);
});
afterAll(() => database.close());

const keyOf = (id: string) => ({ id: `${id}-${randomUUID()}`, key: randomBytes(32) });

async function store(vault: SecretVault, count: number): Promise<Map<string, string>> {
  const [key] = vault.keyring;
  await registerKeys(manager, [{ id: key!.id, fingerprint: fingerprintOf(key!.key) }]);
  const texts = new Map<string, string>();
  for (let made = 0; made < count; made += 1) {
    const secret = newSecret(vault, owner, new Date());
    await insertSecret(manager, secret.row);
    texts.set(secret.row.id, secret.text);
  }
  return texts;
}

/** What a process with this ring alone reads. */
async function read(vault: SecretVault): Promise<Map<string, string>> {
  const rows = await manager.findBy(WebhookSecret, { webhookId: owner.webhookId });
  return new Map(
    rows.map(({ id, keyId, ciphertext }) => [
      id,
      vault.open({ keyId: keyId!, ciphertext: ciphertext! }, { ...owner, secretId: id }),
    ]),
  );
}

describe('reencryptSecrets', () => {
  it('leaves every secret readable with the first key alone', async () => {
    const [one, two] = [keyOf('one'), keyOf('two')];
    const texts = await store(new SecretVault([one]), 1_001);
    const ring = new SecretVault([two, one]);
    const later = await store(ring, 1);
    expect(await reencryptSecrets(manager, ring)).toBe(1_001);
    expect(await read(new SecretVault([two]))).toEqual(new Map([...texts, ...later]));
    expect(await reencryptSecrets(manager, ring)).toBe(0);
  });

  it('leaves wiped secrets wiped', async () => {
    const one = keyOf('one');
    await store(new SecretVault([one]), 1);
    await manager.updateAll(WebhookSecret, { keyId: null, ciphertext: null });
    expect(await reencryptSecrets(manager, new SecretVault([keyOf('two'), one]))).toBe(0);
    expect(await manager.findOneBy(WebhookSecret, owner)).toMatchObject({ keyId: null, ciphertext: null });
  });

  it('stops at a secret whose key is missing, and changes nothing of it', async () => {
    const one = keyOf('one');
    const texts = await store(new SecretVault([one]), 1);
    await expect(reencryptSecrets(manager, new SecretVault([keyOf('two')]))).rejects.toThrow(UnreadableSecretError);
    expect(await read(new SecretVault([one]))).toEqual(texts);
  });

  it('refuses another key under a name that the database knows, before it changes anything', async () => {
    const [one, two] = [keyOf('one'), keyOf('two')];
    const texts = await store(new SecretVault([one]), 1);
    await store(new SecretVault([two]), 0);
    const mistaken = new SecretVault([{ ...two, key: randomBytes(32) }, one]);
    await expect(reencryptSecrets(manager, mistaken)).rejects.toThrow(two.id);
    expect(await read(new SecretVault([one]))).toEqual(texts);
  });
});

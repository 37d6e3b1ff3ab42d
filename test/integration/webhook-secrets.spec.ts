import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { WebhookSecret } from '../../src/webhooks/secrets/webhook-secret.entity.js';
import { endSecrets, insertSecret, wipeEndedSecrets } from '../../src/webhooks/secrets/webhook-secrets.repository.js';
import { databaseTime } from '../../src/database/database-time.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';

let database: TestDatabase;
let manager: EntityManager;
beforeAll(async () => {
  database = await createTestDatabase();
  manager = database.dataSource.manager;
});
afterAll(() => database.close());

const DAY_MS = 86_400_000;

/** A webhook with one secret without end, and one for each of these ends, in milliseconds from now. */
async function webhookWith(...endsInMs: number[]) {
  const environmentId = await makeEnvironment(database.dataSource);
  const webhookId = await makeWebhook(database.dataSource, environmentId);
  const now = await databaseTime(manager);
  for (const inMs of endsInMs) {
    await insertSecret(manager, {
      environmentId,
      webhookId,
      id: uuidV7(now.getTime()),
      keyId: 'k1',
      ciphertext: randomBytes(64),
      createdAt: now,
      expiresAt: new Date(now.getTime() + inMs),
    });
  }
  /** In milliseconds from now, those without end last; null in place of a wiped one. */
  const ends = async (): Promise<(number | null)[]> => {
    const secrets = await manager.find(WebhookSecret, { where: { webhookId }, order: { expiresAt: 'ASC' } });
    return secrets.map(({ expiresAt, ciphertext }) =>
      ciphertext ? (expiresAt?.getTime() ?? Infinity) - now.getTime() : null,
    );
  };
  return { owner: { environmentId, webhookId }, now, ends };
}

describe('endSecrets', () => {
  it('has the live secrets end after the overlap, those that end earlier as they were', async () => {
    const { owner, now, ends } = await webhookWith(-1_000, 5_000, 3 * DAY_MS);
    expect(await endSecrets(manager, owner, now, DAY_MS)).toBe(3);
    expect(await ends()).toEqual([-1_000, 5_000, DAY_MS, DAY_MS]);
  });

  it('without an overlap wipes them in the same statement', async () => {
    const { owner, now, ends } = await webhookWith(5_000);
    expect(await endSecrets(manager, owner, now, 0)).toBe(0);
    expect(await ends()).toEqual([null, null]);
  });

  it("leaves other webhooks' secrets alone", async () => {
    const one = await webhookWith();
    const other = await webhookWith(5_000);
    await endSecrets(manager, one.owner, one.now, 0);
    expect(await other.ends()).toEqual([5_000, Infinity]);
  });
});

describe('wipeEndedSecrets', () => {
  it('wipes what has ended, and nothing else', async () => {
    const { ends } = await webhookWith(-60_000, -1, 60_000);
    expect(await wipeEndedSecrets(manager)).toBe(false);
    expect(await ends()).toEqual([null, null, 60_000, Infinity]);
  });

  it('passes over what a transaction holds', async () => {
    // Two transactions at once take a server.
    if (database.engine === 'embedded') return;
    const { owner, ends } = await webhookWith(-60_000);
    await manager.transaction(async (holder) => {
      await holder.find(WebhookSecret, { where: owner, lock: { mode: 'pessimistic_write' } });
      await wipeEndedSecrets(manager);
    });
    expect(await ends()).toEqual([-60_000, Infinity]);
    await wipeEndedSecrets(manager);
    expect(await ends()).toEqual([null, Infinity]);
  });
});

import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { WebhooksApp } from '../support/webhooks-app.js';

const FIRST = `first:${randomBytes(32).toString('base64')}`;
const SECOND = `second:${randomBytes(32).toString('base64')}`;
const SECOND_OTHERWISE = `second:${randomBytes(32).toString('base64')}`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => database.dataSource.query('TRUNCATE encryption_key CASCADE'));
afterAll(() => database?.close());

async function startWith(...keys: string[]): Promise<WebhooksApp> {
  return WebhooksApp.start(database.dataSource, keys.join(','));
}

/** Starts with the keys, makes a webhook and stops. */
async function useOnce(...keys: string[]): Promise<void> {
  const app = await startWith(...keys);
  const tenant = await app.tenant();
  const body = { target_url: 'https://example.com/webhook' };
  expect((await tenant.call('POST', '/webhook', { body })).status).toBe(201);
  await app.close();
}

async function knownKeys(): Promise<string[]> {
  const rows = await database.dataSource.query<{ id: string }[]>('SELECT id FROM encryption_key ORDER BY id');
  return rows.map(({ id }) => id);
}

describe('A start', () => {
  it('records each key by a fingerprint that is not the key', async () => {
    await (await startWith(FIRST, SECOND)).close();
    const rows = await database.dataSource.query<{ id: string; fingerprint: Buffer }[]>(
      'SELECT id, fingerprint FROM encryption_key ORDER BY id',
    );
    expect(rows.map(({ id }) => id)).toEqual(['first', 'second']);
    for (const { fingerprint } of rows) {
      expect(fingerprint).toHaveLength(32);
      expect([FIRST, SECOND].join()).not.toContain(fingerprint.toString('base64'));
    }
  });

  it('goes on with keys that it knows, in another order too', async () => {
    await useOnce(FIRST, SECOND);
    await useOnce(SECOND, FIRST);
    expect(await knownKeys()).toEqual(['first', 'second']);
  });

  it('is refused with another key under a known name', async () => {
    await useOnce(FIRST, SECOND);
    await expect(startWith(FIRST, SECOND_OTHERWISE)).rejects.toThrow(/ENCRYPTION_KEYS.*second/);
  });

  it('is refused without a key that stored secrets need, which it names', async () => {
    await useOnce(FIRST);
    await expect(startWith(SECOND)).rejects.toThrow(/ENCRYPTION_KEYS.*first/);
  });

  it('that was refused leaves the names of its keys free', async () => {
    await useOnce(FIRST);
    await expect(startWith(SECOND)).rejects.toThrow();
    expect(await knownKeys()).toEqual(['first']);
    await (await startWith(FIRST, SECOND_OTHERWISE)).close();
  });

  it('goes on without a key that no stored secret needs any more', async () => {
    await useOnce(FIRST);
    await database.dataSource.query('UPDATE webhook_secret SET key_id = NULL, ciphertext = NULL');
    await (await startWith(SECOND)).close();
  });

  it('of two at once on a new database agrees when their keys do', async () => {
    const apps = await Promise.all([startWith(FIRST, SECOND), startWith(SECOND, FIRST)]);
    await Promise.all(apps.map((app) => app.close()));
    expect(await knownKeys()).toEqual(['first', 'second']);
  });
});

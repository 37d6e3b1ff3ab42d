import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { timeOf } from '../../src/common/uuid-v7.js';
import { type AuditRow, auditRows } from '../support/audit-rows.js';
import { type AuthApp, createAuthApp } from '../support/auth-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Tenant, WebhooksApp } from '../support/webhooks-app.js';

const TARGET = 'https://example.com/a-target-that-nobody-else-has';

let database: TestDatabase;
let webhooks: WebhooksApp;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  webhooks = await WebhooksApp.start(database.dataSource);
});
beforeEach(async () => {
  tenant = await webhooks.tenant();
  webhooks.deliveryControl.clear();
});
afterAll(async () => {
  await webhooks?.close();
  await database?.close();
});

/** What `act` leaves in the audit trail. */
async function recordedBy(act: () => Promise<unknown>): Promise<AuditRow[]> {
  const before = await auditRows(database.dataSource);
  await act();
  return (await auditRows(database.dataSource)).slice(before.length);
}

async function createWebhook(headers?: Record<string, string>): Promise<{ id: string; secret: string }> {
  const options = { body: { target_url: TARGET }, ...(headers && { headers }) };
  return (await tenant.call<{ id: string; secret: string }>('POST', '/webhook', options)).body;
}

describe('The table of audit entries', () => {
  it.each([
    ['UPDATE', `UPDATE audit_entry SET actor = 'system'`],
    ['UPDATE', 'UPDATE audit_entry SET actor = actor WHERE false'],
    ['DELETE', 'DELETE FROM audit_entry'],
    ['TRUNCATE', 'TRUNCATE audit_entry'],
    ['TRUNCATE', 'TRUNCATE environment CASCADE'],
  ])('refuses %s: %s', async (operation, statement) => {
    const before = await auditRows(database.dataSource);
    expect(before).not.toEqual([]);
    const refusal = `audit_entry is append-only: ${operation} is refused`;
    await expect(database.dataSource.query(statement)).rejects.toThrow(refusal);
    expect(await auditRows(database.dataSource)).toEqual(before);
  });

  const CHANGE = { actor: 'admin', action: 'changed', resource_type: 'webhook', changed_fields: ['is_active'] };
  it.each([
    ['an actor that is a text of any kind', 'audit_entry_actor_known', { actor: 'tdg_a-token' }],
    ['an action that there is not', 'audit_entry_action_known', { action: 'painted', changed_fields: null }],
    ['a resource that there is not', 'audit_entry_resource_type_known', { resource_type: 'house' }],
    ['a change of nothing', 'audit_entry_change_names_fields', { changed_fields: [] }],
    ['a change of what is not told', 'audit_entry_change_names_fields', { changed_fields: null }],
    ['fields where nothing was changed', 'audit_entry_change_names_fields', { action: 'rotated' }],
    ['an environment in another', 'audit_entry_environment_is_its_own', { resource_type: 'environment' }],
  ])('refuses %s', async (_, constraint, wrong) => {
    const insert = (entry: typeof CHANGE | object): Promise<unknown> =>
      database.dataSource.query(
        `INSERT INTO audit_entry (environment_id, resource_id, actor, action, resource_type, changed_fields)
         SELECT $1, $2, actor, action, resource_type, changed_fields
         FROM json_populate_record(NULL::audit_entry, $3::json)`,
        [tenant.environmentId, randomUUID(), JSON.stringify(entry)],
      );
    await expect(insert(CHANGE)).resolves.toBeDefined();
    await expect(insert({ ...CHANGE, ...wrong })).rejects.toThrow(constraint);
  });

  it('has one time for an entry, in its id and beside it', async () => {
    const rows = await auditRows(database.dataSource);
    expect(rows.length).toBeGreaterThan(1);
    for (const { id, created_at: createdAt } of rows) expect(timeOf(id)).toBe(createdAt.getTime());
  });

  it('holds no secret, no token, no target and no name', async () => {
    const { id, secret } = await createWebhook();
    await tenant.call('PATCH', `/webhook/${id}`, { body: { target_url: `${TARGET}-2` } });
    const rotated = await tenant.call<{ secret: string }>('POST', `/webhook/${id}/rotate-secret`, { body: {} });
    const body = { name: 'a-name-that-nobody-else-has', environment_id: tenant.environmentId };
    const token = await webhooks.call<{ token: string }>('POST', '/api-token', { body });
    await webhooks.call('PATCH', `/environment/${tenant.environmentId}`, { body: { name: body.name } });

    const rows = await database.dataSource.query<{ row: string }[]>('SELECT t::text AS row FROM audit_entry t');
    const dump = rows.map(({ row }) => row).join('\n');
    const found = (texts: string[]): string[] => texts.filter((text) => dump.includes(text));
    const canaries = [secret, rotated.body.secret, token.body.token, TARGET, body.name];
    expect(canaries.every((canary) => typeof canary === 'string' && canary.length > 20)).toBe(true);
    expect(found([...canaries, id])).toEqual([id]);
  });
});

describe('A request that is undone', () => {
  it.each([
    ['PATCH', { is_active: false }, 'changed'],
    ['DELETE', undefined, 'deleted'],
  ])('leaves no entry: %s /webhook/{id}', async (method, body, action) => {
    const { id } = await createWebhook();
    const request = async (): Promise<number> =>
      (await tenant.call(method, `/webhook/${id}`, body === undefined ? {} : { body })).status;
    const undone = await recordedBy(async () => {
      webhooks.deliveryControl.failure = new Error('cannot stop them');
      expect(await request()).toBe(500);
      webhooks.deliveryControl.failure = null;
    });
    expect(undone).toEqual([]);
    expect(await recordedBy(request)).toMatchObject([{ action, resource_id: id, actor: tenant.tokenId }]);
  });

  describe('DELETE /environment/{id}', () => {
    let app: AuthApp;
    beforeAll(async () => {
      app = await createAuthApp(database.dataSource);
    });
    afterAll(() => app?.close());

    it('leaves no entry, neither of the environment nor of its tokens', async () => {
      const { environmentId, tokenId } = tenant;
      const request = async (): Promise<number> => (await app.call('DELETE', `/environment/${environmentId}`)).status;
      const undone = await recordedBy(async () => {
        app.contents.failure = new Error('still in use');
        expect(await request()).toBe(500);
        app.contents.failure = null;
      });
      expect(undone).toEqual([]);
      expect(await recordedBy(request)).toMatchObject([
        { action: 'deleted', resource_type: 'environment', resource_id: environmentId },
        { action: 'deleted', resource_type: 'api_token', resource_id: tokenId },
      ]);
    });
  });
});

describe('Creating a webhook', () => {
  it('asks the database no more often for its entry', async () => {
    const query = jest.spyOn(database.dataSource.manager, 'query');
    const transaction = jest.spyOn(database.dataSource, 'transaction');
    try {
      const recorded = await recordedBy(() => createWebhook());
      expect(recorded).toMatchObject([{ action: 'created', actor: tenant.tokenId, changed_fields: null }]);
      // The time, and the statement that writes everything.
      expect(query).toHaveBeenCalledTimes(2);
      expect(transaction).not.toHaveBeenCalled();
    } finally {
      query.mockRestore();
      transaction.mockRestore();
    }
  });

  it('by five requests at once with one key leaves one entry', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const recorded = await recordedBy(async () => {
      const made = await Promise.all(Array.from({ length: 5 }, () => createWebhook(headers)));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    });
    expect(recorded).toHaveLength(1);
  });
});

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from '../../src/webhooks/webhook.entity.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Answer, type Tenant, WebhooksApp } from '../support/webhooks-app.js';

const TARGET = 'https://example.com/webhook';

interface WebhookBody {
  id: string;
  secret: string;
  code: string;
  message: string;
  details: { failures: { field: string; message: string }[] };
}

let database: TestDatabase;
let app: WebhooksApp;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await WebhooksApp.start(database.dataSource);
});
beforeEach(async () => {
  tenant = await app.tenant();
  app.deliveryControl.clear();
});
afterAll(async () => {
  await app?.close();
  await database?.close();
});

function create(key: string, body: object = { target_url: TARGET }, by = tenant): Promise<Answer<WebhookBody>> {
  return by.call<WebhookBody>('POST', '/webhook', { body, headers: { 'Idempotency-Key': key } });
}

function webhookCount(): Promise<number> {
  return database.dataSource.manager.countBy(Webhook, { environmentId: tenant.environmentId });
}

/** In the one form, which that of events has, too. */
function expectConflict({ status, body }: Answer<WebhookBody>): void {
  expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
  const [failure] = body.details.failures;
  expect(body.details).toEqual({ failures: [{ field: 'Idempotency-Key', message: failure!.message }] });
  expect(body.message).toBe(`Idempotency-Key: ${failure!.message}`);
}

describe('A repeated Idempotency-Key', () => {
  it('gets the same answer, byte for byte, and makes nothing', async () => {
    const body = { target_url: TARGET, event_types: ['record:updated', 'record:created'] };
    const first = await create('k', body);
    const second = await create('k', body);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.text).toBe(first.text);
    expect(second.headers['location']).toBe(`/webhook/${first.body.id}`);
    expect(second.headers['cache-control']).toBe('no-store');
    expect(await webhookCount()).toBe(1);
  });

  it('gets it also when the same content is written another way', async () => {
    const first = await create('k', { target_url: TARGET, event_types: ['record:updated', 'record:created'] });
    const event_types = ['record:created', 'record:updated', 'record:created'];
    const second = await create('k', { event_types, is_active: true, target_url: TARGET });
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(await webhookCount()).toBe(1);
  });

  it('gets the first answer also after the webhook was changed', async () => {
    const first = await create('k');
    await tenant.call('PATCH', `/webhook/${first.body.id}`, { body: { target_url: 'https://example.org/' } });
    expect((await create('k')).text).toBe(first.text);
  });

  it.each([
    ['target_url', { target_url: `${TARGET}/other` }],
    ['is_active', { target_url: TARGET, is_active: false }],
    ['event_types', { target_url: TARGET, event_types: ['record:created'] }],
  ])('conflicts when %s differs', async (_, other) => {
    await create('k');
    expectConflict(await create('k', other));
    expect(await webhookCount()).toBe(1);
  });

  it('conflicts once the webhook is deleted, and does not bring it back', async () => {
    const { body } = await create('k');
    await tenant.call('DELETE', `/webhook/${body.id}`);
    const again = await create('k');
    expectConflict(again);
    expect(again.text).not.toContain(body.secret);
    expect((await tenant.call<{ result: unknown[] }>('GET', '/webhook')).body.result).toEqual([]);
  });

  it('conflicts once the secret of the answer is wiped', async () => {
    const { body } = await create('k');
    const wipe = 'UPDATE webhook_secret SET key_id = NULL, ciphertext = NULL WHERE webhook_id = $1';
    await database.dataSource.query(wipe, [body.id]);
    expectConflict(await create('k'));
  });

  it('stands for another webhook in another environment', async () => {
    const other = await app.tenant();
    const first = await create('k');
    const second = await create('k', undefined, other);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('is free again when the request that named it failed', async () => {
    expect((await create('k', { target_url: 'https://10.0.0.1/' })).status).toBe(400);
    expect((await create('k')).status).toBe(201);
  });

  it('is free again when its time has passed', async () => {
    const first = await create('k');
    await database.dataSource.query('DELETE FROM idempotency_key WHERE environment_id = $1', [tenant.environmentId]);
    const second = await create('k');
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('that races itself makes one webhook, and everyone gets that answer', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create('race')));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await webhookCount()).toBe(1);
  });

  it.each(['commit', 'rollback'] as const)(
    'waits for the first request, whose transaction ends in a %s',
    async (end) => {
      const first = database.dataSource.createQueryRunner();
      const { body: known } = await create(`of the ${end}`);
      await first.startTransaction();
      await first.query(
        `INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, answer, created_at)
       SELECT environment_id, operation, $2, content_hash, resource_id, answer, created_at FROM idempotency_key
       WHERE environment_id = $1`,
        [tenant.environmentId, end],
      );
      const second = create(end);
      const hasAnswered = await Promise.race([second.then(() => true), delay(200, false)]);
      await (end === 'commit' ? first.commitTransaction() : first.rollbackTransaction());
      await first.release();

      const { status, body } = await second;
      expect([hasAnswered, status]).toEqual([false, 201]);
      expect(body.id === known.id).toBe(end === 'commit');
      expect(await webhookCount()).toBe(end === 'commit' ? 1 : 2);
    },
  );
});

describe('The Idempotency-Key header', () => {
  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['not ASCII', 'schl\u00fcssel'],
  ])('is refused when it is %s', async (_, key) => {
    const { status, body } = await create(key);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.failures).toMatchObject([{ field: 'Idempotency-Key' }]);
  });

  it('is not needed: without one, each request makes a webhook', async () => {
    const body = { target_url: TARGET };
    const answers = [
      await tenant.call<WebhookBody>('POST', '/webhook', { body }),
      await tenant.call<WebhookBody>('POST', '/webhook', { body }),
    ];
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(2);
    expect(new Set(answers.map((answer) => answer.body.secret)).size).toBe(2);
  });

  it('may have 255 characters', async () => {
    expect((await create('k'.repeat(219) + randomUUID())).status).toBe(201);
  });
});

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { IsNull } from 'typeorm';
import { WebhookRevision } from '../../src/webhooks/webhook-revision.entity.js';
import { WebhookSecret } from '../../src/webhooks/secrets/webhook-secret.entity.js';
import { Webhook } from '../../src/webhooks/webhook.entity.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Tenant, WebhooksApp } from '../support/webhooks-app.js';

const BODY = { target_url: 'https://example.com/webhook' };

interface AnswerBody {
  id: string;
  code: string;
  updated_at: string;
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

async function create(): Promise<string> {
  return (await tenant.call<AnswerBody>('POST', '/webhook', { body: BODY })).body.id;
}

/**
 * Starts `request` while another transaction has run `statements` and not ended, and has that one commit once the
 * request was seen to wait for it.
 */
async function meeting<T>(statements: [string, unknown[]][], request: () => Promise<T>): Promise<T> {
  const other = database.dataSource.createQueryRunner();
  await other.startTransaction();
  try {
    for (const [sql, parameters] of statements) await other.query(sql, parameters);
    const answer = request();
    expect(await Promise.race([answer.then(() => 'answered'), delay(150, 'waiting')])).toBe('waiting');
    await other.commitTransaction();
    return await answer;
  } finally {
    await other.release();
  }
}

const LOCK = 'SELECT 1 FROM webhook WHERE id = $1 FOR UPDATE';

describe('Requests that meet', () => {
  it('each make their own revision when they change one webhook', async () => {
    const id = await create();
    const patches = Array.from({ length: 6 }, (_, n) =>
      tenant.call<AnswerBody>('PATCH', `/webhook/${id}`, { body: { target_url: `${BODY.target_url}/${n}` } }),
    );
    const answers = await Promise.all(patches);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(new Set(answers.map(({ body }) => body.updated_at)).size).toBe(6);

    const revisions = await database.dataSource.manager.find(WebhookRevision, {
      where: { webhookId: id },
      order: { revision: 'ASC' },
    });
    expect(revisions.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(revisions.map(({ targetUrl }) => targetUrl)).size).toBe(7);
    const times = revisions.map(({ changedAt }) => changedAt.getTime());
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    const last = await database.dataSource.manager.findOneByOrFail(Webhook, { id });
    expect(last).toMatchObject({ revision: 7, targetUrl: revisions[6]!.targetUrl });
  });

  it('decide on what the one before left: a change of a webhook that is being deleted finds none', async () => {
    const id = await create();
    const deletion = 'UPDATE webhook SET is_active = false, deleted_at = now() WHERE id = $1';
    const { status, body } = await meeting([[deletion, [id]]], () =>
      tenant.call<AnswerBody>('PATCH', `/webhook/${id}`, { body: { is_active: true } }),
    );
    expect([status, body.code]).toEqual([404, 'WEBHOOK_NOT_FOUND']);
    expect(app.deliveryControl.applied).toEqual([]);
  });

  it('leave no secret behind when one is added during the deletion', async () => {
    const id = await create();
    const addition = `
      INSERT INTO webhook_secret (environment_id, webhook_id, id, key_id, ciphertext, created_at)
      VALUES ($1, $2, $3, 'test', '\\x00', now())`;
    const { status } = await meeting(
      [
        [LOCK, [id]],
        [addition, [tenant.environmentId, id, randomUUID()]],
      ],
      () => tenant.call('DELETE', `/webhook/${id}`),
    );
    expect(status).toBe(200);
    const secrets = await database.dataSource.manager.findBy(WebhookSecret, { webhookId: id });
    expect(secrets).toHaveLength(2);
    for (const secret of secrets) expect(secret).toMatchObject({ keyId: null, ciphertext: null });
  });

  it('delete once', async () => {
    const id = await create();
    const answers = await Promise.all(Array.from({ length: 4 }, () => tenant.call('DELETE', `/webhook/${id}`)));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, 404, 404, 404]);
    expect(app.deliveryControl.applied).toEqual([{ kind: 'deleted', webhookId: id, revision: 2 }]);
  });

  it('disable once', async () => {
    const id = await create();
    const webhooks = app.nest.get(WebhooksService);
    const answers = await Promise.all(Array.from({ length: 4 }, () => webhooks.disable(id, 1, 'gone')));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(app.deliveryControl.applied).toHaveLength(1);
  });

  it('make no webhook in an environment that is being deleted', async () => {
    const deletion = 'UPDATE environment SET deleted_at = now() WHERE id = $1';
    const { status, body } = await meeting([[deletion, [tenant.environmentId]]], () =>
      tenant.call<AnswerBody>('POST', '/webhook', { body: BODY }),
    );
    expect([status, body.code]).toEqual([404, 'ENVIRONMENT_NOT_FOUND']);
    expect(await undeleted()).toBe(0);
  });

  it('leave no webhook of an environment that was deleted meanwhile', async () => {
    await create();
    const creations = Array.from({ length: 4 }, () => tenant.call('POST', '/webhook', { body: BODY }));
    const deletion = app.call('DELETE', `/environment/${tenant.environmentId}`);
    await Promise.all(creations);
    expect((await deletion).status).toBe(200);
    expect(await undeleted()).toBe(0);
  });
});

function undeleted(): Promise<number> {
  const { environmentId } = tenant;
  return database.dataSource.manager.countBy(Webhook, { environmentId, deletedAt: IsNull() });
}

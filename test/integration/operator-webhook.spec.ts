import { EnvironmentEraser } from '../../src/erasure/environment-eraser.js';
import { LIVE_SECRETS_MAX, SecretRotation } from '../../src/webhooks/secrets/secret-rotation.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { auditRows } from '../support/audit-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  OPERATOR_SECRET,
  operatorSettings,
  operatorWebhookIn,
  type StoredOperatorWebhook,
} from '../support/operator.js';
import { Receiver, verifiedSignatures } from '../support/receiver.js';
import { until } from '../support/wait.js';

const OTHER_SECRET = 'another-operator-secret-of-enough-length';

describe('the webhook of the operator', () => {
  let test: TestDatabase;
  let receiver: Receiver;
  let replicas: TestReplica[];

  beforeEach(async () => {
    test = await createTestDatabase();
    receiver = await Receiver.start();
    replicas = [];
  });
  afterEach(async () => {
    await stopAll();
    await receiver.close();
    await test.close();
  });

  const stopAll = async (): Promise<void> => {
    for (const replica of replicas.splice(0)) await replica.close();
  };
  const start = async (env: Record<string, string> = operatorSettings(receiver)): Promise<TestReplica> => {
    const replica = await startReplica(test, env);
    replicas.push(replica);
    return replica;
  };
  const restart = async (env?: Record<string, string>): Promise<TestReplica> => {
    await stopAll();
    return start(env);
  };
  const stored = async (): Promise<StoredOperatorWebhook> => {
    const row = await operatorWebhookIn(test.dataSource);
    if (!row) throw new Error('there is no operator’s webhook');
    return row;
  };
  const report = (): Promise<unknown> =>
    test.dataSource.query(
      `INSERT INTO operational_event (id, event_type, payload, created_at) VALUES (uuid_v7(now()), 'backlog.old', '{}', now())`,
    );

  /** As if the minute in which late events may come were over, and without the five seconds between two rounds. */
  const erased = async (replica: TestReplica, environmentId: string): Promise<void> => {
    const eraser = replica.nest.get(EnvironmentEraser);
    await test.dataSource.query(`UPDATE environment_erasure SET created_at = now() - interval '1 hour'`);
    await until('the erasure', async () => {
      await test.dataSource.query(`UPDATE environment_erasure SET next_at = now() WHERE completed_at IS NULL`);
      await eraser.round();
      const { body } = await replica.call<{ status: string }>('GET', `/environment/${environmentId}/erasure`);
      return body.status === 'done';
    });
  };

  it('is not there without the setting, nor anything of it', async () => {
    const replica = await start({});
    expect((await replica.call<{ result: object[] }>('GET', '/environment')).body.result).toEqual([]);
    expect(await operatorWebhookIn(test.dataSource)).toBeUndefined();
  });

  it('does not keep a start from going on while somebody holds it, and is put right afterwards', async () => {
    // With one session for all, whoever holds a row holds up everything.
    if (test.engine === 'embedded') return;
    await start();
    await stopAll();
    const { webhook_id: id } = await stored();
    const holder = await test.connectClient();
    await holder.query('BEGIN');
    await holder.query('UPDATE webhook SET is_active = false WHERE id = $1', [id]);
    const replica = await start();
    expect((await replica.call('GET', '/health/ready')).status).toBe(200);
    await holder.query('COMMIT');
    await until('the webhook to be active again', async () => (await stored()).is_active);
  });

  it('is made by the first start in an environment of its own, once however many start', async () => {
    await Promise.all([start(), start(), start()]);
    const { environment_id: environmentId, webhook_id: id, ...webhook } = await stored();
    expect(webhook).toEqual({
      is_on: true,
      target_url: receiver.url('/operator'),
      is_active: true,
      event_types: null,
      revision: 1,
    });
    const { result } = (await replicas[0]!.call<{ result: object[] }>('GET', '/environment')).body;
    expect(result).toEqual([expect.objectContaining({ id: environmentId, name: 'operations' })]);
    const list = await replicas[0]!.call<{ result: object[] }>('GET', '/webhook', { environmentId });
    expect(list.body.result).toEqual([expect.objectContaining({ id, is_active: true })]);
    expect(JSON.stringify(list.body)).not.toContain(OPERATOR_SECRET);
    const done = (await auditRows(test.dataSource)).filter(({ environment_id: of }) => of === environmentId);
    expect(done.map(({ actor, action }) => ({ actor, action }))).toEqual([
      { actor: 'system', action: 'created' },
      { actor: 'system', action: 'created' },
    ]);
  });

  it('stays as it is when a start finds it so, with what is known against its endpoint', async () => {
    await start();
    const { webhook_id: id } = await stored();
    await test.dataSource.query(
      `INSERT INTO webhook_health (webhook_id, consecutive_failures, failing_since) VALUES ($1, 3, now())`,
      [id],
    );
    await restart();
    expect(await stored()).toMatchObject({ webhook_id: id, revision: 1 });
    expect(await test.dataSource.query('SELECT consecutive_failures FROM webhook_health')).toEqual([
      { consecutive_failures: 3 },
    ]);
  });

  it('is put right by the next start, whatever was changed through the API', async () => {
    const replica = await start();
    const { environment_id: environmentId, webhook_id: id } = await stored();
    const body = { target_url: receiver.url('/elsewhere'), is_active: false, event_types: ['record:created'] };
    expect(await replica.call('PATCH', `/webhook/${id}`, { environmentId, body })).toMatchObject({ status: 200 });
    await restart();
    expect(await stored()).toMatchObject({
      webhook_id: id,
      target_url: receiver.url('/operator'),
      is_active: true,
      event_types: null,
    });
  });

  it('follows the target of the settings', async () => {
    await start();
    await restart(operatorSettings(receiver, '/moved'));
    expect(await stored()).toMatchObject({ target_url: receiver.url('/moved'), revision: 2 });
    await report();
    expect((await receiver.waitFor(1))[0]!.path).toBe('/moved');
  });

  it('signs with the secret of the settings, after a change with the old one beside it', async () => {
    await start();
    await report();
    const [first] = await receiver.waitFor(1);
    expect(verifiedSignatures(first!, OPERATOR_SECRET)).toEqual({ standard: true, body: true });
    const changed = { ...operatorSettings(receiver), OPERATOR_WEBHOOK_SECRET: OTHER_SECRET };
    await stopAll();
    await Promise.all([start(changed), start(changed)]);
    const { revision } = await stored();
    expect(revision).toBe(2);
    await report();
    const [, second] = await receiver.waitFor(2);
    expect(verifiedSignatures(second!, OTHER_SECRET).standard).toBe(true);
    expect(verifiedSignatures(second!, OPERATOR_SECRET)).toEqual({ standard: true, body: true });
    const secrets = await test.dataSource.query<{ ciphertext: Buffer }[]>('SELECT ciphertext FROM webhook_secret');
    expect(secrets).toHaveLength(2);
    for (const { ciphertext } of secrets) expect(ciphertext.includes('operator-secret')).toBe(false);
  });

  it('signs with the newest secret also after more changes than there may be live secrets', async () => {
    const replica = await start();
    const { environment_id: environmentId, webhook_id: webhookId } = await stored();
    const rotation = replica.nest.get(SecretRotation);
    for (let change = 1; change <= LIVE_SECRETS_MAX; change++) {
      await rotation.assure({ environmentId, webhookId }, `${OTHER_SECRET}-${change}`, 86_400_000, 'system');
    }
    await report();
    const [request] = await receiver.waitFor(1);
    const newest = `${OTHER_SECRET}-${LIVE_SECRETS_MAX}`;
    expect(verifiedSignatures(request!, newest)).toEqual({ standard: true, body: true });
  });

  it('is made inactive by a start without the setting, and what waits for it is canceled', async () => {
    receiver.respondWith(() => 500);
    const replica = await start();
    const { environment_id: environmentId, webhook_id: id } = await stored();
    await report();
    await receiver.waitFor(1);
    await until('the failure to be recorded', async () => {
      const { result } = await replica.read<{ result: { attempt_count: number }[] }>('/delivery', environmentId);
      return result[0]?.attempt_count === 1;
    });
    await stopAll();
    await report();

    const without = await start({});

    expect(await stored()).toMatchObject({ webhook_id: id, is_on: false, is_active: false });
    const { result } = await without.read<{ result: object[] }>('/delivery', environmentId);
    expect(result).toEqual([expect.objectContaining({ status: 'canceled', cancel_reason: 'webhook_inactive' })]);
    expect(await test.dataSource.query('SELECT 1 FROM operational_event')).toEqual([]);
    receiver.respondWith(() => 200);
    await restart();
    expect(await stored()).toMatchObject({ webhook_id: id, is_on: true, is_active: true });
  });

  it('that was deleted is made anew by the next start, in the same environment', async () => {
    const replica = await start();
    const { environment_id: environmentId, webhook_id: id } = await stored();
    expect((await replica.call('DELETE', `/webhook/${id}`, { environmentId })).status).toBe(200);
    await restart();
    const next = await stored();
    expect(next).toMatchObject({ environment_id: environmentId, is_active: true, revision: 1 });
    expect(next.webhook_id).not.toBe(id);
    await report();
    await receiver.waitFor(1);
  });

  it('whose environment was deleted is made anew in another one, and the erasure of the first ends', async () => {
    const replica = await start();
    const { environment_id: environmentId } = await stored();
    expect((await replica.call('DELETE', `/environment/${environmentId}`)).status).toBe(200);
    await restart();
    const next = await stored();
    expect(next.environment_id).not.toBe(environmentId);
    await report();
    await receiver.waitFor(1);
    await erased(replicas[0]!, environmentId);
    expect(await test.dataSource.query('SELECT id FROM webhook WHERE environment_id = $1', [environmentId])).toEqual(
      [],
    );
    expect(await stored()).toEqual(next);
  });

  it('whose environment is being erased goes with it', async () => {
    const replica = await start();
    const { environment_id: environmentId } = await stored();
    expect((await replica.call('DELETE', `/environment/${environmentId}`)).status).toBe(200);
    await erased(replica, environmentId);
    expect(await test.dataSource.query('SELECT 1 FROM operator_webhook')).toEqual([]);
  });
});

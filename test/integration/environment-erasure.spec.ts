import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { tryToLockStats } from '../../src/database/stats-lock.js';
import { eraseChunk, type ErasureStep } from '../../src/erasure/erase-environment.js';
import { EnvironmentEraser } from '../../src/erasure/environment-eraser.js';
import { FanOutWorker } from '../../src/deliveries/engine/fan-out-worker.js';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { StatsUpkeep } from '../../src/stats/stats-upkeep.js';
import { deferEvents } from '../../src/deliveries/intake/defer-events.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { auditRows } from '../support/audit-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  accept,
  attempted,
  makeEnvironment,
  makeEvent,
  makeWebhook,
  recordHealth,
  resultOf,
} from '../support/delivery-fixtures.js';

/** Holds the leases of the tests; nobody takes it for dead. */
const REPLICA = uuidV7();

const TABLES = [
  'event',
  'delivery',
  'attempt',
  'delivery_queue',
  'fan_out',
  'idempotency_key',
  'webhook',
  'webhook_revision',
  'webhook_secret',
  'webhook_health',
  'stats_entry',
  'stats_bucket',
] as const;

interface ErasureBody {
  environment_id: string;
  status: string;
  removed_rows: number;
  completed_at: string | null;
}

describe('the erasure of a deleted environment', () => {
  let test: TestDatabase;
  let database: DataSource;
  let replica: TestReplica;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    replica = await startReplica(test);
    // The tests say when.
    await replica.nest.get(EnvironmentEraser).onModuleDestroy();
    await replica.nest.get(FanOutWorker).onModuleDestroy();
    await replica.nest.get(StatsUpkeep).beforeApplicationShutdown();
    await database.query(
      `INSERT INTO replica (id, started_at, seen_at) VALUES ($1, now(), now() + interval '1 hour')`,
      [REPLICA],
    );
  });
  afterEach(async () => {
    await database.query('DELETE FROM environment_erasure');
  });
  afterAll(async () => {
    await replica.close();
    await test.close();
  });

  /** An environment with rows in every table: deliveries that wait after an attempt, and finished ones after two. */
  const fill = async (): Promise<string> => {
    const environmentId = await makeEnvironment(database);
    const webhookId = await makeWebhook(database, environmentId);
    await database.query(
      `INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, is_deleted, changed_by,
         changed_at) VALUES ($1, $2, 1, 'https://example.com', true, false, 'admin', now())`,
      [environmentId, webhookId],
    );
    await database.query(
      `INSERT INTO api_token (id, environment_id, webhook_id, name, token_hash, scopes, created_at)
       VALUES (gen_random_uuid(), $1, $2, 'engineer', sha256($2::uuid::text::bytea), '{webhook:read}', now())`,
      [environmentId, webhookId],
    );
    await recordHealth(database, webhookId, { failures: 1 });
    const events = Array.from({ length: 4 }, (_, index) => {
      const idempotency = { key: `key ${index}`, contentHash: Buffer.alloc(32) };
      return makeEvent(environmentId, { idempotency });
    });
    const { leased } = await accept(database, events, { total: 8, replicaId: REPLICA });
    expect(leased).toHaveLength(4);
    await deferEvents(database, [makeEvent(environmentId)]);
    const later = leased.map((each) => resultOf(each, { kind: 'waiting', inMs: 3_600_000 }, attempted('failed')));
    await settleDeliveries(database, later);
    await database.query(
      `INSERT INTO stats_bucket (environment_id, subject_id, width_s, at, moves_at, succeeded, failed, canceled, latencies,
         latency_counts) VALUES ($1, $2, 3600, now(), now(), 0, 0, 0, '{12}', '{4}')`,
      [environmentId, webhookId],
    );
    const again = leased.slice(2);
    await database.query(
      `UPDATE delivery_queue SET lease = $1, leased_by = $2, leased_until = now() + interval '1 minute'
       WHERE delivery_id = ANY ($3)`,
      [again[0]!.lease, REPLICA, again.map(({ id }) => id)],
    );
    const ended = again.map((each) => resultOf(each, { kind: 'failed' }, attempted('failed')));
    await settleDeliveries(database, ended);
    return environmentId;
  };

  /** Rows of the environment by table; attempts and healths go by the deliveries and webhooks that are there. */
  const rowsOf = async (environmentId: string): Promise<Record<string, number>> => {
    const rows: Record<string, number> = {};
    for (const table of TABLES) {
      const condition = {
        attempt: `delivery_id IN (SELECT delivery_id FROM delivery_queue WHERE environment_id = $1
                    UNION ALL SELECT id FROM delivery WHERE environment_id = $1)`,
        webhook_health: 'webhook_id IN (SELECT id FROM webhook WHERE environment_id = $1)',
      }[table as string];
      const [row] = await database.query<[{ count: number }]>(
        `SELECT count(*)::int AS count FROM ${table} WHERE ${condition ?? 'environment_id = $1'}`,
        [environmentId],
      );
      rows[table] = row.count;
    }
    return rows;
  };
  const countOf = async (table: (typeof TABLES)[number]): Promise<number> =>
    (await database.query<[{ count: number }]>(`SELECT count(*)::int AS count FROM ${table}`))[0].count;

  const remove = async (environmentId: string): Promise<void> => {
    expect((await replica.call('DELETE', `/environment/${environmentId}`)).status).toBe(200);
  };
  const age = (environmentId: string, interval = '2 minutes'): Promise<unknown> =>
    database.query(
      `UPDATE environment_erasure SET created_at = created_at - $2::interval, next_at = created_at WHERE environment_id = $1`,
      [environmentId, interval],
    );
  const erase = async (on: DataSource = database): Promise<void> => {
    let step: ErasureStep;
    do {
      step = await eraseChunk(on, 0);
      expect(step.kind).not.toBe('failed');
    } while (step.kind !== 'idle');
  };
  const erasureOf = async (environmentId: string) =>
    replica.call<ErasureBody>('GET', `/environment/${environmentId}/erasure`);

  it('removes all that it held, and nothing of another environment', async () => {
    const [environmentId, other] = [await fill(), await fill()];
    const [before, otherBefore] = [await rowsOf(environmentId), await rowsOf(other)];
    expect(Object.entries(before).filter(([, count]) => count === 0)).toEqual([]);
    const [attempts, healths] = [await countOf('attempt'), await countOf('webhook_health')];
    await remove(environmentId);
    expect(await erasureOf(environmentId)).toMatchObject({ status: 200, body: { status: 'running', removed_rows: 0 } });
    const held = await rowsOf(environmentId);
    await age(environmentId);
    await erase();

    expect(Object.entries(await rowsOf(environmentId)).filter(([, count]) => count > 0)).toEqual([]);
    expect(await countOf('attempt')).toBe(attempts - before['attempt']!);
    expect(await countOf('webhook_health')).toBe(healths - before['webhook_health']!);
    expect(await rowsOf(other)).toEqual(otherBefore);
    const removedRows = Object.values(held).reduce((sum, count) => sum + count, 0);
    expect((await erasureOf(environmentId)).body).toMatchObject({
      environment_id: environmentId,
      status: 'done',
      removed_rows: removedRows,
      completed_at: expect.stringMatching(/Z$/),
    });
    const audited = (await auditRows(database)).filter((entry) => entry.environment_id === environmentId);
    expect(audited.map(({ resource_type }) => resource_type).sort()).toEqual(['api_token', 'environment', 'webhook']);
    const rows = await database.query<{ deleted_at: Date | null }[]>(
      'SELECT deleted_at FROM environment WHERE id = $1',
      [environmentId],
    );
    expect(rows).toEqual([{ deleted_at: expect.any(Date) }]);
  });

  it('leaves no statistics that were on their way to a wider bucket', async () => {
    const environmentId = await fill();
    await remove(environmentId);
    await age(environmentId);
    await database.query(`UPDATE environment_erasure SET stage = 'stats_bucket' WHERE environment_id = $1`, [
      environmentId,
    ]);
    const eraser = await test.connect();
    const erased = await database.transaction(async (manager) => {
      expect(await tryToLockStats(manager)).toBe(true);
      await manager.query('DELETE FROM stats_bucket WHERE environment_id = $1', [environmentId]);
      const begun = { erasing: eraseChunk(eraser, 0) };
      // Long enough for it to look, if it did not wait.
      await delay(200);
      await manager.query(
        `INSERT INTO stats_bucket (environment_id, subject_id, width_s, at, moves_at, succeeded, failed, canceled, latencies,
           latency_counts) VALUES ($1, $1, 86400, now(), now(), 1, 0, 0, '{}', '{}')`,
        [environmentId],
      );
      return begun;
    });
    expect(await erased.erasing).toEqual({ kind: 'worked', environmentId });
    await erase();
    expect((await rowsOf(environmentId))['stats_bucket']).toBe(0);
  });

  it('goes on where it was when the process dies in the middle of it', async () => {
    const environmentId = await fill();
    await database.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at)
       SELECT uuid_v7(now()), $1, $2, id, 'record:created', now(), now() + interval '1 hour'
       FROM webhook, generate_series(1, 1200) WHERE environment_id = $1`,
      [environmentId, uuidV7()],
    );
    await remove(environmentId);
    await age(environmentId);
    const all = Object.values(await rowsOf(environmentId)).reduce((sum, count) => sum + count, 0);
    const dying = await test.connect();
    while ((await erasureOf(environmentId)).body.removed_rows < 300) await eraseChunk(dying, 0);

    // What dies with the process is its transaction: neither the rows nor the progress are changed.
    const before = [await rowsOf(environmentId), (await erasureOf(environmentId)).body];
    const broken = {
      transaction: (work: (manager: unknown) => Promise<unknown>) =>
        dying.transaction(async (manager) => {
          await work(manager);
          throw new Error('the process dies');
        }),
    } as unknown as DataSource;
    expect(await eraseChunk(broken, 0)).toMatchObject({ kind: 'failed', environmentId });
    expect([await rowsOf(environmentId), (await erasureOf(environmentId)).body]).toEqual(before);
    await dying.destroy();

    await erase();
    expect((await erasureOf(environmentId)).body).toMatchObject({ status: 'done', removed_rows: all });
  });

  it('waits for attempts that are under way, whose results are recorded', async () => {
    const environmentId = await makeEnvironment(database);
    await makeWebhook(database, environmentId);
    const { leased } = await accept(database, [makeEvent(environmentId)], { total: 2, replicaId: REPLICA });
    await remove(environmentId);
    await age(environmentId);
    await erase();
    expect(await rowsOf(environmentId)).toMatchObject({ delivery_queue: 1, event: 1, webhook: 1 });
    const { settled } = await settleDeliveries(database, [
      resultOf(leased[0]!, { kind: 'succeeded' }, attempted('succeeded')),
    ]);
    expect(settled.size).toBe(1);
    await age(environmentId);
    await erase();
    expect(Object.entries(await rowsOf(environmentId)).filter(([, count]) => count > 0)).toEqual([]);
  });

  it('is not done while a replica may still take an event in for it', async () => {
    const environmentId = await fill();
    await remove(environmentId);
    await erase();
    const [erasure] = await database.query<{ stage: string; position: string | null }[]>(
      'SELECT stage, position FROM environment_erasure WHERE environment_id = $1',
      [environmentId],
    );
    expect(erasure).toEqual({ stage: 'event', position: null });
    expect((await erasureOf(environmentId)).body.status).toBe('running');
    await accept(database, [makeEvent(environmentId)]);
    await age(environmentId);
    await erase();
    expect((await erasureOf(environmentId)).body.status).toBe('done');
    expect((await rowsOf(environmentId))['event']).toBe(0);
  });

  it('is done by one replica at a time', async () => {
    // Two transactions at once: not on the embedded engine, where they take turns anyway.
    if (test.engine === 'embedded') return;
    const environmentId = await fill();
    await remove(environmentId);
    await age(environmentId);
    const client = await test.connectClient();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM environment_erasure WHERE environment_id = $1 FOR UPDATE', [environmentId]);
    expect(await eraseChunk(database, 0)).toEqual({ kind: 'idle' });
    await client.query('ROLLBACK');
    expect(await eraseChunk(database, 0)).toEqual({ kind: 'worked', environmentId });
  });

  it('does not hold up that of another environment when it fails', async () => {
    const [failing, other] = [await fill(), await fill()];
    await database.query('CREATE TABLE in_the_way (webhook_id uuid REFERENCES webhook (id))');
    await database.query('INSERT INTO in_the_way SELECT id FROM webhook WHERE environment_id = $1', [failing]);
    for (const environmentId of [failing, other]) {
      await remove(environmentId);
      await age(environmentId);
    }
    await new EnvironmentEraser(database).round();
    expect((await erasureOf(other)).body.status).toBe('done');
    expect((await erasureOf(failing)).body.status).toBe('running');
    await database.query('DROP TABLE in_the_way');
    await age(failing);
    await new EnvironmentEraser(database).round();
    expect((await erasureOf(failing)).body.status).toBe('done');
  });

  it('is told of an environment that was deleted, and of no other', async () => {
    const environmentId = await makeEnvironment(database);
    for (const id of [environmentId, uuidV7()]) {
      expect(await erasureOf(id)).toMatchObject({ status: 404, body: { code: 'ENVIRONMENT_NOT_FOUND' } });
    }
  });
});

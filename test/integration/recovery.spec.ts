import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { RecoveryWorker, WAITING_LIMIT } from '../../src/recovery/recovery-worker.js';
import { holdAnswers } from '../e2e/receivers.js';
import { startReplica, type TestReplica } from '../support/app.js';
import type { Recovery } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, makeEvent } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

/** A recovery is looked for once a second. */
const RECOVERY_MS = 30_000;

describe('a recovery', () => {
  let test: TestDatabase;
  let database: DataSource;
  let replicas: TestReplica[];
  let receiver: Receiver;
  let environmentId: string;
  let webhookId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = test.dataSource;
    replicas = [];
    await startAnother();
  });
  afterAll(async () => {
    for (const replica of replicas) await replica.close();
    await test.close();
  });
  beforeEach(async () => {
    receiver = await Receiver.start();
    environmentId = (
      await replicas[0]!.call<{ id: string }>('POST', '/environment', {
        body: { name: 'story', allow_duplicate_name: true },
      })
    ).body.id;
    const body = { target_url: receiver.url(), is_active: false };
    webhookId = (await call<{ id: string }>('POST', '/webhook', 201, body)).id;
  });
  afterEach(() => receiver.close());

  const startAnother = async (): Promise<TestReplica> => {
    const replica = await startReplica(test, { RETRY_SCHEDULE: '1h' });
    replicas.push(replica);
    return replica;
  };
  const call = async <Body>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    status: number,
    body?: object,
  ) => {
    const reply = await replicas[0]!.call<Body>(method, path, { environmentId, ...(body && { body }) });
    expect({ status: reply.status, body: reply.body }).toMatchObject({ status });
    return reply.body;
  };
  const setActive = (isActive: boolean) => call('PATCH', `/webhook/${webhookId}`, 200, { is_active: isActive });
  const recover = (body: object = {}) =>
    call<Recovery>('POST', `/webhook/${webhookId}/recover`, 202, { since: hourAgo(), ...body });
  const latest = () => call<Recovery>('GET', `/webhook/${webhookId}/recover`, 200);
  const hourAgo = (): string => new Date(Date.now() - 3_600_000).toISOString();
  /** Accepted while the webhook is inactive, a while ago. */
  const miss = async (count: number): Promise<string[]> => {
    const at = Date.now() - 60_000;
    const events = Array.from({ length: count }, (_, n) =>
      makeEvent(environmentId, { id: uuidV7(at + n), createdAt: new Date(at + n) }),
    );
    await accept(database, events);
    return events.map(({ id }) => id);
  };
  const ended = (status: Recovery['status'] = 'done'): Promise<Recovery> => {
    let last: Recovery | undefined;
    return until(
      `the recovery to be ${status}`,
      async () => {
        last = await latest();
        return last.status === 'running' ? null : last;
      },
      RECOVERY_MS,
      () => JSON.stringify(last),
    );
  };
  const waiting = async (): Promise<number> => {
    const [row] = await database.query<[{ count: number }]>(
      'SELECT count(*)::int AS count FROM delivery_queue WHERE webhook_id = $1 AND lease IS NULL',
      [webhookId],
    );
    return row.count;
  };
  const owed = async (): Promise<string[]> => {
    const rows = await database.query<{ event_id: string }[]>(
      `SELECT event_id FROM delivery_queue WHERE webhook_id = $1
       UNION ALL SELECT event_id FROM delivery WHERE webhook_id = $1`,
      [webhookId],
    );
    return rows.map((row) => row.event_id);
  };
  const receivedIds = (): string[] => receiver.requests.map(({ headers }) => String(headers['webhook-id']));

  it('queues as many as its dry run counts, sends each once, and finds nothing when it is repeated', async () => {
    const events = await miss(250);
    await setActive(true);
    const dry = await call('POST', `/webhook/${webhookId}/recover`, 200, { since: hourAgo(), dry_run: true });
    expect(dry).toEqual({ queued: 250 });
    expect(await owed()).toEqual([]);
    const begun = await recover();
    expect(begun).toMatchObject({ status: 'running', total: 0, queued: 0, completed_at: null });
    expect(await ended()).toMatchObject({ id: begun.id, status: 'done', total: 250, queued: 250 });
    await receiver.waitFor(250);
    const again = await recover();
    expect(again.id).not.toBe(begun.id);
    expect(await ended()).toMatchObject({ id: again.id, status: 'done', total: 0, queued: 0 });
    expect(receivedIds().sort()).toEqual([...events].sort());
  });

  it('does not wait for the replica that was asked to look for it', async () => {
    await setActive(true);
    const pace = replicas[0]!.nest.get(RecoveryWorker)['pace'];
    // Idle until it has found something, and for longer than this test waits.
    const looked = jest.spyOn(pace, 'looked');
    const isDue = jest
      .spyOn(pace, 'isDue', 'get')
      .mockImplementation(() => looked.mock.calls.some(([hasFound]) => hasFound));
    try {
      await recover();
      await ended();
    } finally {
      isDue.mockRestore();
      looked.mockRestore();
    }
  });

  it('shows how far it has come, and lets no more wait than its pace allows', async () => {
    const release = holdAnswers(receiver);
    await miss(800);
    await setActive(true);
    await recover();
    let most = 0;
    const halted = await until('the recovery to wait for room', async () => {
      const now = await waiting();
      most = Math.max(most, now);
      // Nothing but the attempts that hang has left the queue's waiting part.
      return now > WAITING_LIMIT - 100 && (await latest());
    });
    expect(halted).toMatchObject({ status: 'running', total: 800, completed_at: null });
    expect(halted.queued).toBeGreaterThanOrEqual(WAITING_LIMIT - 100);
    expect(halted.queued).toBeLessThan(800);
    release();
    await until(
      'all of them to arrive',
      async () => {
        most = Math.max(most, await waiting());
        return receiver.requests.length === 800;
      },
      RECOVERY_MS,
    );
    expect(most).toBeLessThanOrEqual(WAITING_LIMIT);
    expect(await ended()).toMatchObject({ status: 'done', total: 800, queued: 800 });
    expect(new Set(receivedIds()).size).toBe(800);
  });

  describe('that waits for room', () => {
    let release: () => void;
    beforeEach(async () => {
      release = holdAnswers(receiver);
      await miss(800);
      await setActive(true);
      await recover();
      await until('the recovery to wait for room', async () => (await waiting()) > WAITING_LIMIT - 100);
    });

    it('is the only one of its webhook', async () => {
      await call('POST', `/webhook/${webhookId}/recover`, 409, { since: hourAgo() });
      const inserted = database.query(
        `INSERT INTO recovery SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).*
         FROM recovery r WHERE webhook_id = $1`,
        [webhookId],
      );
      await expect(inserted).rejects.toMatchObject({ constraint: 'recovery_one_running' });
      release();
    });

    it('queues nothing more when it is stopped', async () => {
      const stopped = await call<Recovery>('DELETE', `/webhook/${webhookId}/recover`, 200);
      expect(stopped).toMatchObject({ status: 'stopped', total: 800, completed_at: expect.any(String) });
      release();
      await until('what was queued to arrive', () => receiver.requests.length === stopped.queued);
      expect(await owed()).toHaveLength(stopped.queued);
      expect(await call('DELETE', `/webhook/${webhookId}/recover`, 200)).toEqual(stopped);
      expect(await recover()).toMatchObject({ status: 'running' });
      expect(await ended()).toMatchObject({ queued: 800 - stopped.queued });
    });

    it.each([
      ['inactive', () => setActive(false)],
      ['deleted', () => call('DELETE', `/webhook/${webhookId}`, 200)],
    ])('ends when the webhook becomes %s, and what it queued is canceled', async (_, change) => {
      await change();
      const [row] = await database.query<[{ status: string; queued: number }]>(
        'SELECT status, queued FROM recovery WHERE webhook_id = $1',
        [webhookId],
      );
      expect(row.status).toBe('stopped');
      expect(await waiting()).toBe(0);
      expect(await owed()).toHaveLength(row.queued);
      release();
    });

    it('stays ended when the webhook is active again a moment later, and another brings back all of it', async () => {
      await setActive(false);
      await setActive(true);
      expect(await latest()).toMatchObject({ status: 'stopped' });
      release();
      await recover();
      expect(await ended()).toMatchObject({ status: 'done' });
      await until('every event to arrive', () => new Set(receivedIds()).size === 800, RECOVERY_MS);
      expect(receiver.requests).toHaveLength(800);
    });
  });

  it('goes around a day without partitions, and finds nothing where there is nothing', async () => {
    await setActive(true);
    for (const since of ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2021-08-10T10:00:00+02:00']) {
      await recover({ since, until: '2021-08-10T12:00:00Z' });
      expect(await ended()).toMatchObject({ status: 'done', total: 0, until: '2021-08-10T12:00:00.000Z' });
    }
  });

  it('records who asked for it', async () => {
    await setActive(true);
    await recover();
    const { result } = await call<{ result: object[] }>('GET', `/audit?action=recovered&resource_id=${webhookId}`, 200);
    expect(result).toEqual([
      expect.objectContaining({
        actor: 'admin',
        action: 'recovered',
        resource_type: 'webhook',
        resource_id: webhookId,
        environment_id: environmentId,
      }),
    ]);
  });

  it('waits for an event that is on its way in under the inactive webhook', async () => {
    // The embedded engine has one session: there nothing is on its way while another statement runs.
    if (test.engine === 'embedded') return;
    const slow = await test.connect();
    const event = makeEvent(environmentId);
    await slow.transaction(async (manager) => {
      await accept(manager, [event]);
      await setActive(true);
      await recover();
      // Longer than a recovery of nothing takes.
      await recoveryOfAnother();
      expect(await latest()).toMatchObject({ status: 'running', total: 0 });
    });
    expect(await ended()).toMatchObject({ status: 'done', total: 1, queued: 1 });
    await receiver.waitFor(1);
    expect(receivedIds()).toEqual([event.id]);
  });

  /** Of a range in which nothing can be: begun later, it is done first. */
  const recoveryOfAnother = async (): Promise<void> => {
    const body = { target_url: receiver.url(), event_types: ['record:deleted'] };
    const { id } = await call<{ id: string }>('POST', '/webhook', 201, body);
    await call('POST', `/webhook/${id}/recover`, 202, { since: hourAgo() });
    // It, too, finds the event's statement under way.
    await database.query(`UPDATE recovery SET earlier_writers = '{}' WHERE webhook_id = $1`, [id]);
    await until('the other recovery', async () => {
      const { status } = await call<Recovery>('GET', `/webhook/${id}/recover`, 200);
      return status === 'done';
    });
  };

  it('is worked on by several replicas, one at a time, and makes no delivery twice', async () => {
    await startAnother();
    await startAnother();
    const events = await miss(600);
    await setActive(true);
    await recover();
    expect(await ended()).toMatchObject({ total: 600, queued: 600 });
    await receiver.waitFor(600, RECOVERY_MS);
    expect((await owed()).sort()).toEqual([...events].sort());
    expect(receivedIds().sort()).toEqual([...events].sort());
  });
});

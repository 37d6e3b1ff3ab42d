import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { recordHealth, takeDown } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';

interface Health {
  state: string;
  since: string;
  paused_until: string | null;
  next_probe_at: string | null;
  waiting: number;
  last_success_at: string | null;
  last_failure: { at: string; error: string | null; status: number | null; delivery_id: string } | null;
}

interface Delivery {
  id: string;
  status: string;
  next_attempt_at: string | null;
  held_by: string | null;
  held_until: string | null;
}

describe('the health of a webhook', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;
  let webhookId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, {});
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    receiver.clear();
    receiver.respondWith(() => 200);
    const named = { name: 'health', allow_duplicate_name: true };
    environmentId = (await replica.call<{ id: string }>('POST', '/environment', { body: named })).body.id;
    const body = { target_url: receiver.url('/hook') };
    webhookId = (await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body })).body.id;
  });
  afterAll(async () => {
    await replica.close();
    await receiver.close();
    await test.close();
  });

  const health = async () =>
    (await replica.call<Health>('GET', `/webhook/${webhookId}/health`, { environmentId })).body;
  const clear = async () =>
    (await replica.call<Health>('DELETE', `/webhook/${webhookId}/health`, { environmentId })).body;
  const patch = (body: object) => replica.call('PATCH', `/webhook/${webhookId}`, { environmentId, body });
  const publish = async (): Promise<string> => {
    const body = { event_type: 'record:created', payload: { n: 1 } };
    return (await replica.call<{ id: string }>('POST', '/event', { environmentId, body })).body.id;
  };
  const deliveryOf = async (eventId: string): Promise<Delivery> => {
    const { body } = await replica.call<{ result: Delivery[] }>('GET', `/delivery?event_id=${eventId}`, {
      environmentId,
    });
    const { id } = body.result[0]!;
    const { body: one } = await replica.call<Delivery>('GET', `/delivery/${id}`, { environmentId });
    // One that goes on meanwhile is told of as it was.
    if (one.held_by === 'paused' || one.held_by === 'down') expect(one).toMatchObject(body.result[0]!);
    return one;
  };
  const listed = async (state: string): Promise<string[]> => {
    const { body } = await replica.call<{ result: { id: string }[] }>('GET', `/webhook?state=${state}`, {
      environmentId,
    });
    return body.result.map(({ id }) => id);
  };
  const sendTest = () =>
    replica.call<{ delivery_id?: string; details?: { delivery_id: string } }>('POST', '/webhook/test', {
      environmentId,
      body: { id: webhookId },
    });
  const untilSucceeded = (eventId: string) =>
    until('the delivery', async () => (await deliveryOf(eventId)).status === 'succeeded');
  const pauseFor = async (seconds: number): Promise<string> => {
    receiver.respondWith(() => ({ status: 429, headers: { 'retry-after': String(seconds) } }));
    const eventId = await publish();
    await until('the pause', async () => (await health()).state === 'paused');
    return eventId;
  };

  it('is healthy since the webhook was made, then since it was in trouble', async () => {
    const webhook = await replica.call<{ created_at: string }>('GET', `/webhook/${webhookId}`, { environmentId });
    expect(await health()).toEqual({
      state: 'healthy',
      since: webhook.body.created_at,
      paused_until: null,
      next_probe_at: null,
      waiting: 0,
      last_success_at: null,
      last_failure: null,
    });
    const eventId = await publish();
    await untilSucceeded(eventId);
    const { last_success_at: lastSuccess } = await health();
    expect(lastSuccess).not.toBeNull();

    receiver.respondWith(() => 500);
    const failed = await deliveryOf(await publish());
    await until('the failure', async () => (await health()).state === 'failing');
    const failing = await health();
    expect(failing).toMatchObject({ waiting: 1, last_success_at: lastSuccess });
    expect(failing.last_failure).toEqual({
      at: expect.any(String),
      error: null,
      status: 500,
      delivery_id: failed.id,
    });
    expect(await listed('failing')).toEqual([webhookId]);

    receiver.respondWith(() => 200);
    await replica.call('POST', `/delivery/${failed.id}/retry`, { environmentId });
    await until('the end of it', async () => (await health()).state === 'healthy');
    const healthy = await health();
    expect(healthy.since > failing.since).toBe(true);
    expect(healthy.last_failure).toEqual(failing.last_failure);
    expect(await listed('failing')).toEqual([]);
    expect(await listed('healthy')).toEqual([webhookId]);
  });

  it('says until when a pause holds what waits', async () => {
    const first = await pauseFor(86_400);
    const second = await publish();
    const { paused_until: until, state } = await health();
    expect(state).toBe('paused');
    expect(Date.parse(until!) - Date.now()).toBeGreaterThan(86_000_000);
    for (const eventId of [first, second]) {
      const { next_attempt_at: next, ...held } = await deliveryOf(eventId);
      expect(held).toMatchObject({ status: 'pending', held_by: 'paused', held_until: until });
      expect(next).toBe(until);
    }
    expect(await listed('paused')).toEqual([webhookId]);
  });

  it.each([
    ['a test that is taken', async () => expect((await sendTest()).status).toBe(200)],
    [
      'a forced retry that is taken',
      async (first: string) =>
        replica.call('POST', `/delivery/${(await deliveryOf(first)).id}/retry`, { environmentId }),
    ],
    ['clearing', async () => expect(await clear()).toMatchObject({ state: 'healthy', last_failure: null })],
  ])('is no longer paused after %s', async (_, end) => {
    const first = await pauseFor(86_400);
    const second = await publish();
    receiver.respondWith(() => 200);
    await end(first);
    await untilSucceeded(second);
    expect((await health()).state).not.toBe('paused');
  });

  it('tells what holds a delivery while the endpoint is down and recovers, and when it is probed', async () => {
    await takeDown(test.dataSource, webhookId);
    const eventId = await publish();
    expect(await deliveryOf(eventId)).toMatchObject({ held_by: 'down', held_until: null, next_attempt_at: null });
    const down = await health();
    expect(down).toMatchObject({ state: 'down', waiting: 1 });
    expect(Date.parse(down.next_probe_at!)).toBeGreaterThan(Date.now());
    expect(await listed('down')).toEqual([webhookId]);

    // With nothing in flight the next claim takes it: the state is told of what is due the moment before.
    await test.dataSource.query(`UPDATE delivery_queue SET lease = NULL, due_at = now() + interval '1 hour'`);
    await recordHealth(test.dataSource, webhookId, { successes: 1 });
    expect(await deliveryOf(eventId)).toMatchObject({ held_by: null });
    expect(await health()).toMatchObject({ state: 'recovering', next_probe_at: null });
    expect(await clear()).toMatchObject({ state: 'healthy' });
  });

  it('is inactive since the webhook is', async () => {
    await patch({ is_active: false });
    const { disabled_at: disabledAt } = (
      await replica.call<{ disabled_at: string }>('GET', `/webhook/${webhookId}/stats`, { environmentId })
    ).body;
    expect(await health()).toMatchObject({ state: 'inactive', since: disabledAt });
    expect(await listed('inactive')).toEqual([webhookId]);
    await patch({ is_active: true });
    const healthy = await health();
    expect(healthy.state).toBe('healthy');
    expect(healthy.since >= disabledAt).toBe(true);
  });

  it('takes down in the audit trail who cleared what was known, and nothing where nothing was', async () => {
    await clear();
    await takeDown(test.dataSource, webhookId);
    await clear();
    const { body } = await replica.call<{ result: object[] }>('GET', `/audit?resource_id=${webhookId}`);
    const cleared = { action: 'changed', changed_fields: ['health'] };
    expect(body.result.filter((entry) => 'action' in entry && entry.action === 'changed')).toMatchObject([cleared]);
  });

  it('does not count tests, in health as in statistics, and a 410 to one changes nothing', async () => {
    receiver.respondWith(() => 410);
    const refused = await sendTest();
    expect(refused.status).toBe(422);
    expect(refused.body.details).toMatchObject({ delivery_id: expect.any(String), status: 410 });
    receiver.respondWith(() => 200);
    const taken = await sendTest();
    expect(taken.body).toEqual({ success: true, delivery_id: expect.any(String) });
    expect(await health()).toMatchObject({ state: 'healthy', last_failure: null });
    const { body } = await replica.call<{ is_active: boolean; totals: object }>('GET', `/webhook/${webhookId}/stats`, {
      environmentId,
    });
    expect(body.is_active).toBe(true);
    expect(body.totals).toEqual({ pending: 0, succeeded: 0, failed: 0, canceled: 0, attempts: 0 });
  });

  it('is not told of a webhook that is not there', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      const { status } = await replica.call(method, `/webhook/${environmentId}/health`, { environmentId });
      expect(status).toBe(404);
    }
  });
});

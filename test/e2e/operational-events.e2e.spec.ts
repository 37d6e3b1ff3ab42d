import { jest } from '@jest/globals';
import pg from 'pg';
import { type Environment, fetchDocument, type Page, type Webhook } from '../support/client.js';
import { OpenApiConformance } from '../support/openapi-conformance.js';
import { operatorSettings, OPERATOR_SECRET, type ToldEvent, toldTo } from '../support/operator.js';
import { SERVER_URL, Service } from '../support/process.js';
import { type Receiver, verifiedSignatures } from '../support/receiver.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** Generous: a replica that died keeps its leases for less than a second. */
const TAKE_OVER_MS = 25_000;

// Each story starts processes of its own.
jest.setTimeout(120_000);

describe('the operator', () => {
  const receivers = useReceivers();
  let service: Service;
  let operator: Receiver;
  let settings: Record<string, string>;

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    settings = { RETRY_SCHEDULE: '0s', ...operatorSettings(operator, '/canary-path?key=canary-query'), ...env };
    service = new Service({ env: settings });
    for (const canary of [OPERATOR_SECRET, 'canary-path', 'canary-query']) service.canaries.add(canary);
    await service.start();
  };
  const told = (type: string, count = 1, deadlineMs = TAKE_OVER_MS): Promise<ToldEvent[]> =>
    until(
      `${count} of ${type}`,
      () => toldTo(operator, type).length >= count && toldTo(operator, type),
      deadlineMs,
      () => JSON.stringify(toldTo(operator)),
    );
  /** The webhook that the settings made, as the administrator finds it. */
  const operatorWebhook = async (): Promise<Webhook> => {
    const { result } = (await service.admin.get<Page<Environment>>('/environment')).expect(200);
    const { id } = result.find(({ name }) => name === 'operations')!;
    const webhooks = (await service.admin.get<Page<Webhook>>(`/webhook?environment_id=${id}`)).expect(200).result;
    expect(webhooks).toHaveLength(1);
    return webhooks[0]!;
  };

  beforeEach(async () => {
    operator = await receivers.start();
  });
  afterEach(async () => {
    await service.stop();
  });

  it('is told of a webhook that was made inactive and of a delivery that failed, signed, and finds both by the API', async () => {
    await start();
    const { client } = await service.tenant();
    const endpoint = await receivers.start();
    endpoint.respondWith(({ path }) => (path === '/gone' ? 410 : 500));
    const gone = await client.createWebhook({ target_url: endpoint.url('/gone') });
    const failing = await client.createWebhook({ target_url: endpoint.url('/failing') });
    const event = await client.publish('record:created', { canary: service.canary() });
    const [disabled] = await told('webhook.disabled');
    // The retry to the one that is gone may have been faster than its end.
    const failed = await until('the failure', () => {
      const found = toldTo(operator, 'delivery.failed').filter(({ payload }) => payload['webhook_id'] === failing.id);
      return found.length > 0 && found;
    });
    expect(disabled!.payload).toMatchObject({ webhook_id: gone.id, reason: 'gone' });
    expect(failed.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ webhook_id: failing.id, event_id: event.id, attempt_count: 2, response_status: 500 }),
    ]);
    const checker = new OpenApiConformance(await fetchDocument(service.url));
    for (const request of operator.requests) {
      const text = request.body.toString();
      expect(checker.checkSent((JSON.parse(text) as { event: string }).event, { ...request, text })).toEqual([]);
      expect(request.path).toBe('/canary-path?key=canary-query');
      expect(verifiedSignatures(request, OPERATOR_SECRET)).toEqual({ standard: true, body: true });
    }
    const { environment_id: environmentId, id } = await operatorWebhook();
    const found = await until('both to be recorded', async () => {
      const path = `/delivery?environment_id=${environmentId}&status=succeeded`;
      const { result } = (await service.admin.get<Page<{ webhook_id: string; event_type: string }>>(path)).expect(200);
      return new Set(result.map(({ event_type: type }) => type)).size === 2 && result;
    });
    expect(new Set(found.map(({ webhook_id: to }) => to))).toEqual(new Set([id]));
    expect(new Set(found.map(({ event_type: type }) => type))).toEqual(
      new Set(['webhook.disabled', 'delivery.failed']),
    );
  });

  it('is told of each failure, though the process is killed right after it, and later while it tells', async () => {
    await start({ RETRY_SCHEDULE: '' });
    const { client } = await service.tenant();
    const endpoint = await receivers.start();
    endpoint.respondWith(() => 500);
    await client.createWebhook({ target_url: endpoint.url() });
    const events: string[] = [];
    for (let kill = 1; kill <= 3; kill++) {
      const { id } = await client.publish('record:created');
      events.push(id);
      await until('the delivery to fail', async () => (await client.event(id)).deliveries.failed === 1);
      await service.kill('SIGKILL');
      await service.restart();
    }
    const answer = holdAnswers(operator);
    const before = operator.requests.length;
    const { id } = await client.publish('record:created');
    events.push(id);
    await operator.waitFor(before + 1, TAKE_OVER_MS);
    await service.kill('SIGKILL');
    const inFlight = operator.requests.length - before;
    answer();
    await service.restart();
    const webhook = await operatorWebhook();
    const path = `/delivery?environment_id=${webhook.environment_id}&status=succeeded`;
    await until(
      'everything to be delivered',
      async () => (await service.admin.get<Page<object>>(path)).expect(200).result.length === events.length,
      TAKE_OVER_MS,
    );
    // One event for each failure; only what was in flight at a kill may have come twice, under the same id.
    const byId = new Map(toldTo(operator).map((event) => [event.id, event.payload['event_id']]));
    expect([...byId.values()].toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual(events);
    expect(operator.requests.length).toBeLessThanOrEqual(events.length + 3 + inFlight);
  });

  it('is told nothing any more once the setting is gone', async () => {
    await start({ RETRY_SCHEDULE: '' });
    const { client } = await service.tenant();
    const endpoint = await receivers.start();
    endpoint.respondWith(() => 500);
    await client.createWebhook({ target_url: endpoint.url() });
    await client.publish('record:created');
    await told('delivery.failed');
    const { id, environment_id: environmentId } = await operatorWebhook();
    await service.kill('SIGTERM');
    delete settings['OPERATOR_WEBHOOK_URL'];
    await service.restart();
    expect(await operatorWebhook()).toMatchObject({ id, is_active: false });
    const event = await client.publish('record:created');
    await until('the delivery to fail', async () => (await client.event(event.id)).deliveries.failed === 1);
    await service.kill('SIGTERM');
    settings['OPERATOR_WEBHOOK_URL'] = operator.url('/canary-path');
    await service.restart();
    expect(await operatorWebhook()).toMatchObject({ id, is_active: true });
    const last = await client.publish('record:created');
    const failed = await told('delivery.failed', 2);
    expect(failed[1]!.payload['event_id']).toBe(last.id);
    const path = `/event?environment_id=${environmentId}`;
    expect((await service.admin.get<Page<object>>(path)).expect(200).result).toHaveLength(2);
  });

  it('cannot have a target that the egress policy refuses, and is told at the start', async () => {
    service = new Service({
      env: { ...operatorSettings(operator), OPERATOR_WEBHOOK_URL: 'https://10.0.0.1/canary-path?key=canary-query' },
    });
    for (const canary of [OPERATOR_SECRET, 'canary-path', 'canary-query']) service.canaries.add(canary);
    await service.spawnOnly();
    expect((await service.exit()).code).toBe(1);
    expect(service.logs).toContain('OPERATOR_WEBHOOK_URL must not point at a private, local or reserved address');
  });

  it('is not reached at an address that only the connect can refuse', async () => {
    const OPERATOR_WEBHOOK_URL = `http://localhost:${operator.port}/canary-path`;
    await start({ RETRY_SCHEDULE: '', EGRESS_ALLOW: '', OPERATOR_WEBHOOK_URL });
    const { client } = await service.tenant();
    await client.createWebhook({ target_url: `http://localhost:${operator.port}/other` });
    await client.publish('record:created');
    const { environment_id: environmentId } = await operatorWebhook();
    const [{ id }] = await until('the delivery to fail', async () => {
      const path = `/delivery?environment_id=${environmentId}&status=failed`;
      const { result } = (await service.admin.get<Page<{ id: string }>>(path)).expect(200);
      return result.length === 1 && (result as [{ id: string }]);
    });
    const delivery = (
      await service.admin.get<{ attempts: { error: string }[] }>(`/delivery/${id}?environment_id=${environmentId}`)
    ).expect(200);
    expect(delivery.attempts.map(({ error }) => error)).toEqual(['blocked_address']);
    expect(operator.requests).toHaveLength(0);
  });

  if (SERVER_URL) {
    it('is told once, by two replicas, of a backlog that is old, also when both start again', async () => {
      await start({ OPERATOR_BACKLOG_AGE: '1m', IN_FLIGHT_PER_WEBHOOK: '1' });
      const second = await service.startReplica();
      const { client } = await service.tenant();
      const endpoint = await receivers.start();
      endpoint.respondWith(() => 'hang');
      await client.createWebhook({ target_url: endpoint.url() });
      for (let n = 0; n < 4; n++) await client.publish('record:created');
      const database = new pg.Client(service.databaseUrl);
      await database.connect();
      try {
        const age = async (): Promise<void> => {
          await database.query(`UPDATE delivery_queue SET due_at = now() - interval '2 minutes' WHERE lease IS NULL`);
        };
        await age();
        const [event] = await told('backlog.old');
        expect(event!.payload).toMatchObject({ limit_seconds: 60 });
        await service.kill('SIGTERM');
        await service.restart();
        await age();
        const restartedAt = Date.now();
        await until('both replicas to have looked again', () => Date.now() - restartedAt > 11_000);
        expect(second.isRunning).toBe(true);
        expect(toldTo(operator, 'backlog.old')).toHaveLength(1);
      } finally {
        await database.end();
      }
    });
  }
});

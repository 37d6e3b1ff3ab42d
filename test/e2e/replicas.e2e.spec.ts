import { jest } from '@jest/globals';
import { join } from 'node:path';
import pg from 'pg';
import { ENDPOINT_CHANGES } from '../../src/metrics/metric-table.js';
import { type EventHead, send } from '../support/client.js';
import { SERVER_URL, Service } from '../support/process.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';
import type { ReceivedRequest } from '../support/receiver.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

/** Generous: a dead replica's leases end within a second, and then another claims them. A burst takes its time as well. */
const TAKE_OVER_MS = 25_000;

// Each story starts processes of its own.
jest.setTimeout(120_000);

describe('replicas', () => {
  const receivers = useReceivers();
  let service: Service;

  afterEach(async () => {
    await service.stop();
  });

  const batch = (count: number, eventType = 'record:created') => ({
    events: Array.from({ length: count }, (_, n) => ({ event_type: eventType, payload: { n } })),
  });

  if (SERVER_URL) {
    /** Two replicas whose deliveries a receiver can tell apart by the name of the body signature. */
    const twoReplicas = async (env: Record<string, string> = { IN_FLIGHT_LIMIT: '4' }): Promise<Service> => {
      service = new Service({ env: { ...env, SIGNATURE_HEADER: 'X-First' } });
      await service.start();
      return service.startReplica({ SIGNATURE_HEADER: 'X-Second' });
    };
    const sendersOf = (requests: readonly ReceivedRequest[]): string[] =>
      ['x-first', 'x-second'].filter((name) => requests.some(({ headers }) => headers[name] !== undefined));

    it('on one database share the work and send everything once', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const sent = [
        (await client.post<{ result: EventHead[] }>('/event/batch', batch(200))).expect(202),
        (await second.client(token).post<{ result: EventHead[] }>('/event/batch', batch(10))).expect(202),
      ].flatMap(({ result }) => result.map(({ id }) => id));
      await receiver.waitFor(210, TAKE_OVER_MS);
      await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
      const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
      expect(ids).toHaveLength(sent.length);
      expect(new Set(ids)).toEqual(new Set(sent));
      for (const name of ['x-first', 'x-second']) {
        expect(receiver.requests.filter(({ headers }) => headers[name] !== undefined).length).toBeGreaterThan(0);
      }
    });

    it('take over from one that was killed', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const answer = holdAnswers(receiver);
      const event = await client.publish('record:created');
      await receiver.waitFor(1);
      const killedAt = performance.now();
      await service.kill('SIGKILL');
      answer();
      const survivor = second.client(token);
      await until(
        'the survivor to deliver',
        async () => (await survivor.event(event.id)).deliveries.succeeded === 1,
        TAKE_OVER_MS,
      );
      expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id]);
      expect(receiver.requests[1]!.headers).toHaveProperty('x-second');
      // Its last heartbeat was 2 s old at most, and would have counted for 8 s more.
      expect(performance.now() - killedAt).toBeLessThan(7_000);
    });

    it('go by the clock of the database, however far their own is off', async () => {
      const second = await twoReplicas({});
      const skewed = await service.startReplica({
        NODE_OPTIONS: `--import ${join(import.meta.dirname, '../support/skewed-clock.mjs')}`,
        CLOCK_SKEW_MS: '120000',
      });
      expect(skewed.logs).toMatch(/the clock of this machine is ahead of that of the database.*"seconds":120/);
      expect(second.logs).not.toContain('the clock of this machine');
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      const { id } = await client.createWebhook({ target_url: receiver.url(), event_types: ['record:created'] });
      const startedAt = Date.now();
      const events = [];
      for (const replica of [skewed, second]) {
        events.push(
          ...(await Promise.all(Array.from({ length: 20 }, () => replica.client(token).publish('record:deleted')))),
        );
      }
      for (const { created_at: createdAt } of events) {
        expect(Math.abs(Date.parse(createdAt) - startedAt)).toBeLessThan(20_000);
      }
      const { result: why } = (
        await client.get<{ result: { reason: string | null }[] }>(`/event/${events[0]!.id}/webhooks`)
      ).expect(200);
      expect(why).toMatchObject([{ webhook_id: id, reason: 'not_subscribed' }]);
      (await client.patch(`/webhook/${id}`, { event_types: ['record:deleted'] })).expect(200);
      const range = { since: new Date(startedAt - 60_000).toISOString() };
      (await client.post(`/webhook/${id}/recover`, range)).expect(202);
      await receiver.waitFor(40, TAKE_OVER_MS);
      expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id']))).toEqual(
        new Set(events.map((event) => event.id)),
      );
      const timestamps = receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp']) * 1_000);
      expect(Math.max(...timestamps) - Date.now()).toBeLessThan(10_000);
    });

    it('see what another one changed before it answered', async () => {
      const second = await twoReplicas();
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      const { id } = await client.createWebhook({ target_url: receiver.url() });
      (await client.patch(`/webhook/${id}`, { is_active: false })).expect(200);
      const other = second.client(token);
      const event = await other.publish('record:created');
      expect(await other.deliveries({ event_id: event.id })).toEqual([]);
      expect(receiver.requests).toEqual([]);
    });

    it.each([
      ['revoked it', (tokenId: string) => `/api-token/${tokenId}`],
      ['deleted its environment', (_: string, environmentId: string) => `/environment/${environmentId}`],
    ])('refuse a token within a second after another one %s', async (_, pathOf) => {
      const second = await twoReplicas();
      const { environmentId } = await service.tenant();
      const { id, token } = await service.token(environmentId);
      const [here, there] = [service.client(token), second.client(token)];
      // Both have just looked it up, and remember it.
      for (const client of [here, there]) (await client.get('/me')).expect(200);
      (await service.admin.delete(pathOf(id, environmentId))).expect(200);
      const revokedAtMs = Date.now();
      (await here.get('/me')).expectError(401, 'UNAUTHORIZED');
      let lastAcceptedAtMs = revokedAtMs;
      await until('the other replica to refuse it', async () => {
        const startedAtMs = Date.now();
        const { status } = await there.get('/me');
        if (status === 200) lastAcceptedAtMs = startedAtMs;
        return status === 401;
      });
      expect(lastAcceptedAtMs - revokedAtMs).toBeLessThan(1_000);
    });

    it('hold back together what is for an endpoint that is down, probe it one at a time, and recover it together', async () => {
      const perWebhook = 3;
      const second = await twoReplicas({
        IN_FLIGHT_PER_WEBHOOK: String(perWebhook),
        // What failed once keeps its time also while the endpoint is down, so that is not during this story.
        RETRY_SCHEDULE: '2h,2h,2h,2h,2h',
      });
      const database = new pg.Client({ connectionString: service.databaseUrl });
      await database.connect();
      try {
        const { client, token } = await service.tenant();
        const [receiver, witness] = [await receivers.start(), await receivers.start()];
        const { id: webhookId } = await client.createWebhook({
          target_url: receiver.url(),
          event_types: ['record:created'],
        });
        const { id: witnessId } = await client.createWebhook({
          target_url: witness.url(),
          event_types: ['record:deleted'],
        });
        const events: string[] = [];
        const publishOnBoth = async (count: number): Promise<void> => {
          for (const replica of [client, second.client(token)]) {
            const { result } = (await replica.post<{ result: EventHead[] }>('/event/batch', batch(count))).expect(202);
            events.push(...result.map(({ id }) => id));
          }
        };
        const rows = async <Row extends pg.QueryResultRow>(statement: string, id = webhookId): Promise<Row[]> =>
          (await database.query<Row>(statement, [id])).rows;
        const waiting = () =>
          rows<{ delivery_id: string; attempt_count: number; failures: number; is_leased: boolean }>(
            `SELECT delivery_id, attempt_count, failures, lease IS NOT NULL AS is_leased
             FROM delivery_queue WHERE webhook_id = $1 ORDER BY delivery_id`,
          );
        const health = async () =>
          (
            await rows<{ consecutive_failures: number; in_flight_limit: number | null }>(
              'SELECT consecutive_failures, in_flight_limit FROM webhook_health WHERE webhook_id = $1',
            )
          )[0];
        const failures = (count: number) =>
          until(`${count} failures`, async () => (await health())?.consecutive_failures === count);
        const makeProbeDue = () =>
          rows(`UPDATE webhook_health SET next_probe_at = now() - interval '1 second' WHERE webhook_id = $1`);

        // Claims look at all webhooks. One of the witness has more due than one replica may have in flight: once both
        // attempt some of it, both have looked at what is due for the endpoint that is down, too.
        witness.respondWith(() => 500);
        (await client.post('/event/batch', batch(perWebhook + 1, 'record:deleted'))).expect(202);
        const untilWitnessWaits = () =>
          until('the witness to wait', async () => {
            const [{ count }] = (await rows<{ count: number }>(
              `SELECT count(*)::int AS count FROM delivery_queue
               WHERE webhook_id = $1 AND lease IS NULL AND due_at > now() + interval '1 hour'`,
              witnessId,
            )) as [{ count: number }];
            return count === perWebhook + 1;
          });
        const untilBothHaveClaimed = async (): Promise<void> => {
          await untilWitnessWaits();
          witness.clear();
          const answer = holdAnswers(witness, 500);
          await rows(`UPDATE delivery_queue SET due_at = now() WHERE webhook_id = $1`, witnessId);
          await until('both replicas to claim', () => sendersOf(witness.requests).length === 2);
          answer();
        };

        // Both see it fail, and the failures that make it down are recorded by both at the same time.
        receiver.respondWith(() => 503);
        await publishOnBoth(10);
        await failures(20);
        expect(await health()).toMatchObject({ in_flight_limit: null });
        expect(sendersOf(receiver.requests)).toHaveLength(2);
        await rows(`UPDATE webhook_health SET failing_since = now() - interval '2 minutes' WHERE webhook_id = $1`);
        const fail = holdAnswers(receiver, 503);
        await publishOnBoth(perWebhook);
        await receiver.waitFor(20 + 2 * perWebhook);
        fail();
        await failures(20 + 2 * perWebhook);
        expect(await health()).toMatchObject({ in_flight_limit: 0 });

        await publishOnBoth(10);
        const before = await waiting();
        expect(before).toHaveLength(46);
        await untilBothHaveClaimed();
        expect(await waiting()).toEqual(before);
        expect(receiver.requests).toHaveLength(26);

        for (const probes of [1, 2]) {
          const answer = holdAnswers(receiver, 503);
          await makeProbeDue();
          await receiver.waitFor(26 + probes);
          await untilBothHaveClaimed();
          expect((await waiting()).filter((row) => row.is_leased)).toHaveLength(1);
          expect(receiver.requests).toHaveLength(26 + probes);
          answer();
          await failures(26 + probes);
          const probed = receiver.requests.slice(26).map(({ headers }) => headers['webhook-id']);
          expect(new Set(probed).size).toBe(probes);
          const now = await waiting();
          expect(now.map(({ delivery_id: id }) => id)).toEqual(before.map(({ delivery_id: id }) => id));
          const changed = now.filter(
            (row, index) =>
              row.attempt_count !== before[index]!.attempt_count || row.failures !== before[index]!.failures,
          );
          expect(changed).toEqual(
            Array.from({ length: probes }, () => expect.objectContaining({ attempt_count: 1, failures: 0 })),
          );
        }

        // After one success each replica may have one attempt in flight, so the second that goes out is the other's.
        receiver.clear();
        let answer!: () => void;
        const answered = new Promise<void>((resolve) => (answer = resolve));
        receiver.respondWith(async (_, index) => {
          if (index > 0) await answered;
          return 200;
        });
        const recoversFrom = performance.now();
        await makeProbeDue();
        await until('both to send again', () => sendersOf(receiver.requests.slice(1)).length === 2);
        await untilBothHaveClaimed();
        // And one more in each second.
        const most = 3 + 2 * Math.ceil((performance.now() - recoversFrom) / 1_000);
        expect(receiver.requests.length).toBeLessThanOrEqual(most);
        answer();
        await receiver.waitFor(18);
        await until('what was held to be recorded', async () => (await waiting()).length === 28);
        await rows('UPDATE delivery_queue SET due_at = now() WHERE webhook_id = $1');
        await until('all to be recorded', async () => (await waiting()).length === 0);

        const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
        expect(ids).toHaveLength(46);
        expect(new Set(ids)).toEqual(new Set(events));
        expect(
          await rows(
            `SELECT status, attempt_count, count(*)::int AS count FROM delivery WHERE webhook_id = $1
             GROUP BY status, attempt_count ORDER BY attempt_count`,
          ),
        ).toEqual([
          { status: 'succeeded', attempt_count: 1, count: 18 },
          { status: 'succeeded', attempt_count: 2, count: 28 },
        ]);

        const told = () =>
          [service, second]
            // What comes after the last line break may be half a line.
            .flatMap(({ logs }) => logs.split('\n').slice(0, -1))
            .filter((line) => line.startsWith('{'))
            .map((line) => JSON.parse(line) as { webhook_id?: string; from?: string; to?: string })
            .filter((line) => line.to !== undefined)
            .map(({ webhook_id: id, from, to }) => `${id} ${from} → ${to}`)
            .sort();
        await until('the last change to be told', () => told().some((line) => line.endsWith('→ healthy')));
        expect(told()).toEqual([
          `${webhookId} down → recovering`,
          `${webhookId} healthy → down`,
          `${webhookId} recovering → healthy`,
        ]);
        const counted = await Promise.all(
          [service, second].map(async ({ url }) =>
            valuesOf(parsePrometheusText((await send(url, 'GET', '/metrics')).text)),
          ),
        );
        const changes = ENDPOINT_CHANGES.map((to) => {
          const series = `tidings_endpoint_state_changes_total{to="${to}"}`;
          return [to, counted.reduce((sum, values) => sum + values[series]!, 0)];
        });
        expect(Object.fromEntries(changes)).toEqual({
          down: 1,
          recovering: 1,
          healthy: 1,
          paused: 0,
          disabled_gone: 0,
          disabled_failing: 0,
        });
      } finally {
        await database.end();
      }
    });
  } else {
    it('need a server: one process alone delivers a burst once, in spite of a small limit of attempts', async () => {
      service = new Service({ env: { IN_FLIGHT_LIMIT: '4' } });
      await service.start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', batch(100))).expect(202);
      await receiver.waitFor(100, TAKE_OVER_MS);
      await until('all to be recorded', async () => (await client.deliveries({ status: 'pending' })).length === 0);
      const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
      expect(ids).toHaveLength(result.length);
      expect(new Set(ids)).toEqual(new Set(result.map(({ id }) => id)));
    });
  }
});

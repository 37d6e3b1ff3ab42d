import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, EventHead } from '../support/client.js';
import { send } from '../support/client.js';
import { SERVER_URL, Service, type ServiceOptions } from '../support/process.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const NPM_START = ['npm', '--prefix', REPOSITORY, 'start'] as const;

/** How long signals count as one. */
const ONE_SIGNAL_MS = 1_000;

// Each story starts processes of its own.
jest.setTimeout(180_000);

/** The workers of a service and their pids, as a list of processes tells them. */
function workersOf(service: Service): Map<number, number> {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const processes = rows.map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row)).filter((row) => row !== null);
  const family = new Set([service.pid]);
  // A child has been started after its parent, but may have a lower number.
  for (let generation = 0; generation < 4; generation += 1) {
    for (const [, pid, parent] of processes) if (family.has(Number(parent))) family.add(Number(pid));
  }
  return new Map(
    processes
      .filter(([, pid]) => family.has(Number(pid)))
      .flatMap(([, pid, , args]) => {
        const worker = /main\.js worker (\d+) of \d+/.exec(args!)?.[1];
        return worker === undefined ? [] : [[Number(worker), Number(pid)] as const];
      }),
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

if (SERVER_URL) {
  describe('two workers', () => {
    const receivers = useReceivers();
    const listen = useServers();
    let service: Service;

    afterEach(async () => {
      await service.stop();
    });

    async function start({ env, ...options }: ServiceOptions = {}): Promise<void> {
      service = new Service({ ...options, env: { WORKERS: '2', ...env } });
      // It is ready when both serve.
      await service.start();
      expect(await metrics()).toMatchObject({ tidings_workers: 2 });
    }
    const metrics = async () => {
      const { text } = await send(service.url, 'GET', '/metrics');
      return valuesOf(parsePrometheusText(text));
    };
    const untilBothServe = () => until('both workers to serve', async () => (await metrics())['tidings_workers'] === 2);
    const linesOf = (): Record<string, unknown>[] =>
      service.logs
        .split('\n')
        // What comes after the last line break may be half a line.
        .slice(0, -1)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const publish = (client: ApiClient, count: number): Promise<EventHead[]> =>
      Promise.all(Array.from({ length: count }, () => client.publish('record:created')));

    it('answer behind one port, and their metrics add up to what happened, whichever is asked', async () => {
      await start({ env: { LOG_LEVEL: 'debug' } });
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const events = [];
      for (let round = 0; round < 10; round += 1) events.push(...(await publish(client, 20)));
      await receiver.waitFor(200);
      expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id']))).toEqual(
        new Set(events.map(({ id }) => id)),
      );
      const answered = () => linesOf().filter(({ route, method }) => route === '/event' && method === 'POST');
      await until('all requests to be logged', () => answered().length === 200);
      expect(new Set(answered().map(({ worker }) => worker))).toEqual(new Set([1, 2]));

      await until('all to be recorded', async () => (await metrics())['tidings_deliveries_succeeded_total'] === 200);
      for (let scrape = 0; scrape < 10; scrape += 1) {
        expect(await metrics()).toMatchObject({
          tidings_workers: 2,
          tidings_workers_wanted: 2,
          tidings_worker_restarts_total: 0,
          tidings_events_accepted_total: 200,
          tidings_deliveries_succeeded_total: 200,
          'tidings_attempt_duration_seconds_count{outcome="succeeded"}': 200,
          'tidings_http_request_duration_seconds_count{method="POST",route="/event",status="2xx"}': 200,
          tidings_deliveries_in_flight_limit: 1_024,
          'tidings_queue_deliveries{state="due"}': 0,
          'tidings_build_info{version="0.1.0"}': 1,
        });
      }
      const limits = Object.entries(await metrics()).filter(([name]) =>
        name.startsWith('tidings_database_connections_limit'),
      );
      expect(limits.reduce((sum, [, limit]) => sum + limit, 0)).toBe(10);
    });

    it('go on when one is killed: it is started again, nothing is lost, and counts do not shrink', async () => {
      await start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const events = await publish(client, 50);
      await receiver.waitFor(50);
      const before = await until('all to be recorded', async () => {
        const found = await metrics();
        return found['tidings_deliveries_succeeded_total'] === 50 && found;
      });
      expect(before).toMatchObject({ tidings_events_accepted_total: 50 });

      const answer = holdAnswers(receiver);
      events.push(...(await publish(client, 50)));
      await receiver.waitFor(100);
      const killed = workersOf(service).get(1)!;
      process.kill(killed, 'SIGKILL');
      await until('the supervisor to notice', () => service.logs.includes('a worker ended'));
      answer();
      // While one is started again the other serves, and is ready.
      (await client.get('/health/ready')).expect(200);
      events.push(...(await publish(client, 20)));
      await untilBothServe();
      expect(workersOf(service).get(1)).not.toBe(killed);
      expect(await metrics()).toMatchObject({ tidings_worker_restarts_total: 1, tidings_workers_wanted: 2 });
      expect((await metrics())['tidings_events_accepted_total']).toBeGreaterThanOrEqual(70);
      expect(linesOf()).toContainEqual(
        expect.objectContaining({
          level: 'error',
          msg: 'a worker ended; it is started again',
          worker: 1,
          wait_ms: 1_000,
        }),
      );
      await until(
        'all to be delivered',
        async () => {
          const ended = await client.deliveries({ status: 'succeeded', limit: '1000' });
          return new Set(ended.map(({ event_id: id }) => id)).size === 120;
        },
        40_000,
      );
      const received = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
      expect(received).toEqual(new Set(events.map(({ id }) => id)));
    });

    it.each(['0s', '5s'])(
      'stay ready when one alone is told to stop, and the others take what is opened while it finishes (SHUTDOWN_DELAY=%s)',
      async (delay) => {
        await start({ env: { LOG_LEVEL: 'debug', SHUTDOWN_DELAY: delay } });
        const { client } = await service.tenant();
        const receiver = await receivers.start();
        await client.createWebhook({ target_url: receiver.url() });
        const answer = holdAnswers(receiver);
        await publish(client, 20);
        await receiver.waitFor(20);
        const leaving = workersOf(service).get(1)!;
        process.kill(leaving, 'SIGTERM');
        await until('it to say so', () => service.logs.includes('finishing what is in flight'));
        const told = performance.now();
        let takenByOthers = 0;
        while (performance.now() - told < 2 * ONE_SIGNAL_MS + 1_000) {
          (await client.get('/health/ready')).expect(200);
          await publish(client, 2);
          // For a second it may be that all were told, and it serves as before.
          if (performance.now() - told < ONE_SIGNAL_MS + 500) takenByOthers = linesOf().length;
        }
        const later = linesOf()
          .slice(takenByOthers)
          .filter(({ route }) => route === '/event' || route === '/health/ready');
        expect(later.length).toBeGreaterThan(5);
        expect(new Set(later.map(({ worker }) => worker))).toEqual(new Set([2]));
        expect(isAlive(leaving)).toBe(true);
        answer();
        await until('it to end', () => !isAlive(leaving), 30_000);
        await untilBothServe();
        expect(service.logs).not.toContain('attempted again');
        const delivered = async (): Promise<boolean> => (await client.deliveries({ status: 'pending' })).length === 0;
        await until('all to be delivered', delivered, 30_000);
        const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
        expect(new Set(ids).size).toBe(ids.length);
      },
    );

    it('are counted without one that hangs, and stay ready', async () => {
      await start();
      const { client } = await service.tenant();
      await publish(client, 20);
      const before = (await metrics())['tidings_events_accepted_total']!;
      const hanging = workersOf(service).get(2)!;
      process.kill(hanging, 'SIGSTOP');
      try {
        await until('it to be missed', async () => (await metrics())['tidings_workers'] === 1);
        expect(await metrics()).toMatchObject({
          tidings_workers: 1,
          tidings_workers_wanted: 2,
          tidings_worker_restarts_total: 0,
          tidings_events_accepted_total: before,
        });
        const startedAt = performance.now();
        for (let probe = 0; probe < 5; probe += 1) (await client.get('/health/ready')).expect(200);
        // A probe does not wait for it each time.
        expect(performance.now() - startedAt).toBeLessThan(4_000);
        expect(linesOf()).toContainEqual(
          expect.objectContaining({ level: 'warn', msg: 'a worker does not answer', worker: 2 }),
        );
      } finally {
        process.kill(hanging, 'SIGCONT');
      }
      await untilBothServe();
      expect(service.logs).toContain('a worker answers again');
    });

    it('leave nothing to one that hangs: who is told to stop beside it serves for SHUTDOWN_DELAY', async () => {
      const delayMs = 4_000;
      await start({ env: { SHUTDOWN_DELAY: '4s' } });
      const { client } = await service.tenant();
      const [leaving, hanging] = [1, 2].map((worker) => workersOf(service).get(worker)!) as [number, number];
      process.kill(hanging, 'SIGSTOP');
      try {
        await until('it to be missed', async () => (await metrics())['tidings_workers'] === 1);
        process.kill(leaving, 'SIGTERM');
        const told = performance.now();
        while (performance.now() - told < delayMs - 500) {
          await publish(client, 1);
          await sleep(100);
        }
        await until('it to end', () => !isAlive(leaving));
        // The second in which the signal might have been for all is a part of it.
        expect(performance.now() - told).toBeLessThan(delayMs + ONE_SIGNAL_MS);
      } finally {
        process.kill(hanging, 'SIGCONT');
      }
      await untilBothServe();
    });

    it.each([
      ['SIGTERM to the supervisor', false, 'SIGTERM'],
      ['SIGINT to the whole group of `npm start`, as Ctrl-C sends it,', true, 'SIGINT'],
    ] as const)('stop by %s, and finish what is in flight', async (_, isGroup, signal) => {
      await start(isGroup ? { command: NPM_START } : {});
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const answer = holdAnswers(receiver);
      await publish(client, 10);
      await receiver.waitFor(10);
      const workers = [...workersOf(service).values()];
      service.signal(signal);
      await until('both to say so', () => service.logs.split('finishing what is in flight').length === 3);
      // What has been passed on arrives after it.
      await sleep(ONE_SIGNAL_MS / 2);
      answer();
      // npm ends by the signal that it was sent, too.
      if (isGroup) await service.exit();
      else expect(await service.exit()).toMatchObject({ code: 0 });
      expect(workers.filter(isAlive)).toEqual([]);
      expect(service.logs).not.toContain('attempted again');
      expect(service.logs).not.toContain('a worker ended');
      await service.restart();
      await until(
        'all to be recorded as succeeded',
        async () => (await client.deliveries({ status: 'succeeded' })).length === 10,
      );
      expect(receiver.requests).toHaveLength(10);
    });

    it('end at once by a second signal', async () => {
      await start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const answer = holdAnswers(receiver);
      await publish(client, 4);
      await receiver.waitFor(4);
      const workers = [...workersOf(service).values()];
      service.signal('SIGTERM');
      await sleep(ONE_SIGNAL_MS + 100);
      expect(service.isRunning).toBe(true);
      service.signal('SIGTERM');
      expect(await service.exit(5_000)).toMatchObject({ code: 1 });
      await until('the workers to be gone', () => !workers.some(isAlive));
      answer();
    });

    it('serve for SHUTDOWN_DELAY, and are not ready meanwhile', async () => {
      await start({ env: { SHUTDOWN_DELAY: '3s' } });
      const { client } = await service.tenant();
      service.signal('SIGTERM');
      await until('the service to be unready', async () => (await client.get('/health/ready')).status === 503);
      expect((await client.post('/event', { event_type: 'record:created', payload: {} })).status).toBe(202);
      expect(await service.exit()).toMatchObject({ code: 0 });
    });

    it('finish what is in flight and end when their supervisor is killed', async () => {
      await start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const answer = holdAnswers(receiver);
      await publish(client, 10);
      await receiver.waitFor(10);
      const workers = [...workersOf(service).values()];
      expect(workers).toHaveLength(2);
      service.signal('SIGKILL');
      await sleep(ONE_SIGNAL_MS / 2);
      answer();
      await until('the workers to end', () => !workers.some(isAlive), 30_000);
      await service.restart();
      await until(
        'all to be recorded as succeeded',
        async () => (await client.deliveries({ status: 'succeeded' })).length === 10,
      );
      expect(receiver.requests).toHaveLength(10);
    });

    it('hold a token to one limit', async () => {
      await start({ env: { RATE_LIMIT_PER_10S: '100' } });
      const { environmentId } = await service.tenant();
      const allowedIn: number[] = [];
      // A window may end while it is used up; not two of them.
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const { token } = await service.token(environmentId);
        const client = service.client(token);
        let allowed = 0;
        // Few are refused: the answers to many would wait.
        for (let round = 0; round < 7; round += 1) {
          const replies = await Promise.all(Array.from({ length: 20 }, () => client.get('/webhook')));
          allowed += replies.filter(({ status }) => status === 200).length;
        }
        allowedIn.push(allowed);
      }
      const least = Math.min(...allowedIn);
      expect(least).toBeGreaterThanOrEqual(80);
      expect(least).toBeLessThanOrEqual(100);
    });

    describe('that cannot start', () => {
      /** What the service tells, beside its log, before it ends with 1. */
      async function linesOfFailure(env: Record<string, string>): Promise<string[]> {
        service = new Service({ env: { WORKERS: '2', ...env } });
        // Makes the database and ends with it.
        await service.spawnOnly();
        expect(await service.exit(60_000)).toMatchObject({ code: 1 });
        return service.logs.split('\n').filter((line) => line !== '' && !/^\{"level":"(info|debug)"/.test(line));
      }
      const CREDENTIALS = {
        ADMIN_TOKEN: 'an-admin-token-for-tests-of-enough-length',
        ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
        DATABASE_URL: SERVER_URL!,
      };

      it('name the bad settings, once', async () => {
        expect(await linesOfFailure({ ...CREDENTIALS, DATABASE_POOL_SIZE: '5', IN_FLIGHT_LIMIT: '1' })).toEqual([
          'Tidings cannot start with these settings (docs/configuration.md):',
          '  DATABASE_POOL_SIZE must be at least 6 with WORKERS=2, not 5: the workers share it',
          '  IN_FLIGHT_LIMIT must be at least 2 with WORKERS=2, not 1: the workers share it',
        ]);
      });

      it('name the port that is taken, once', async () => {
        const { port } = await listen(createServer());
        expect(await linesOfFailure({ ...CREDENTIALS, PORT: String(port) })).toEqual([
          `Another process listens on port ${port} of 127.0.0.1 already. Stop it, or set PORT to a free one.`,
        ]);
      });

      it('name the database that does not let them in, once', async () => {
        const url = new URL(SERVER_URL!);
        url.pathname = '/no_such_database';
        const lines = await linesOfFailure({ ...CREDENTIALS, DATABASE_URL: url.href });
        expect(lines).toEqual([expect.stringContaining('no_such_database')]);
      });
    });
  });
} else {
  it('is refused on the embedded engine, which belongs to one process', async () => {
    const service = new Service({ env: { WORKERS: '2' } });
    try {
      await service.spawnOnly();
      expect(await service.exit()).toMatchObject({ code: 1 });
      expect(service.logs).toContain(
        'WORKERS must be 1 without DATABASE_URL, not "2": the embedded database belongs to one process',
      );
    } finally {
      await service.stop();
    }
  });
}

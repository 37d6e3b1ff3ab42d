import { jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send, type ApiClient } from '../support/client.js';
import { SERVER_URL, Service, type ServiceOptions } from '../support/process.js';
import type { Receiver } from '../support/receiver.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const NPM_START = ['npm', '--prefix', REPOSITORY, 'start'] as const;

/** How long signals count as one: a wrapper passes on what the whole group has been sent. */
const ONE_SIGNAL_MS = 1_000;

// Each story starts processes of its own.
jest.setTimeout(300_000);

describe('stopping', () => {
  const receivers = useReceivers();
  let service: Service;
  let client: ApiClient;
  let receiver: Receiver;

  afterEach(async () => {
    await service.stop();
  });

  /** Starts a service that has an attempt under way; gives back what answers it. */
  async function startWithAttempt(options: ServiceOptions): Promise<() => void> {
    service = new Service(options);
    await service.start();
    ({ client } = await service.tenant());
    receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const answer = holdAnswers(receiver);
    await client.publish('record:created');
    await receiver.waitFor(1);
    return answer;
  }

  async function expectGracefulEnd(answer: () => void): Promise<void> {
    await until('the service to say that it stops', () => service.logs.includes('finishing what is in flight'));
    // What has been passed on arrives after it.
    await sleep(ONE_SIGNAL_MS / 2);
    answer();
    await service.exit();
    expect(service.logs).not.toContain('attempted again');
    await service.restart();
    await expectNothingSentAgain();
  }

  /** The attempt that was under way has been recorded: of two requests, the second is that of an event published since. */
  async function expectNothingSentAgain(): Promise<void> {
    await client.publish('record:created');
    await receiver.waitFor(2);
    const [first, second] = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(second).not.toBe(first);
  }

  // On a server too: what is in flight is recorded there.
  it.each(SERVER_URL ? (['SIGTERM'] as const) : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const))(
    'by %s to the whole group of `npm start` finishes what is in flight',
    async (signal) => {
      const answer = await startWithAttempt({ command: NPM_START });
      service.signal(signal);
      await expectGracefulEnd(answer);
    },
  );

  if (SERVER_URL) return;

  it('by Ctrl-C in the terminal of `npm start` finishes what is in flight', async () => {
    const answer = await startWithAttempt({ command: ['script', '-qefc', NPM_START.join(' '), '/dev/null'] });
    service.type('\x03');
    await expectGracefulEnd(answer);
  });

  it('by closing the terminal of `npm start` finishes what is in flight', async () => {
    const answer = await startWithAttempt({ command: ['script', '-qefc', NPM_START.join(' '), '/dev/null'] });
    service.signal('SIGKILL');
    await sleep(ONE_SIGNAL_MS / 2);
    answer();
    // The end of the terminal is not that of the service, which removes this note last of all.
    await until(
      'the engine to be closed',
      async () => {
        const reply = await send(service.url, 'GET', '/health/live').catch(() => null);
        return reply === null && !existsSync(join(service.dataDir, 'socket-directory'));
      },
      60_000,
    );
    await service.restart();
    await expectNothingSentAgain();
  });

  it('goes on serving for SHUTDOWN_DELAY, is not ready meanwhile, and closes each connection with its answer', async () => {
    service = new Service({ env: { SHUTDOWN_DELAY: '3s' } });
    await service.start();
    ({ client } = await service.tenant());
    receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    service.signal('SIGTERM');
    await until('the service to be unready', async () => (await client.get('/health/ready')).status === 503);
    expect((await client.get('/health/live')).headers['connection']).toBe('close');
    const published = await client.post('/event', { event_type: 'record:created', payload: {} });
    expect([published.status, published.headers['connection']]).toEqual([202, 'close']);
    await receiver.waitFor(1);
    expect(await service.exit()).toMatchObject({ code: 0 });
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('by a second %s a second later ends at once', async (signal) => {
    const answer = await startWithAttempt({});
    service.signal(signal);
    await sleep(ONE_SIGNAL_MS + 100);
    expect(service.isRunning).toBe(true);
    service.signal(signal);
    expect(await service.exit(5_000)).toMatchObject({ code: 1 });
    answer();
  });
});

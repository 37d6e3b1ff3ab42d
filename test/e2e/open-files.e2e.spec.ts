import { execFileSync } from 'node:child_process';
import { jest } from '@jest/globals';
import { send, type Delivery } from '../support/client.js';
import { openFiles } from '../support/proc.js';
import { Service } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

/** What the process may still open when its limit is set, and how many want to be let in. */
const FREE = 20;
const STRANGERS = 80;
/** Waits are long here: what the process lacks meanwhile it asks for again after its own timeouts. */
const RECOVERY_MS = 60_000;

jest.setTimeout(120_000);

describe('a process without a file descriptor left', () => {
  const receivers = useReceivers();
  const service = new Service({ env: { RETRY_SCHEDULE: '1s,1s,1s,1s,1s,1s,1s,1s' } });
  const strangers: RawConnection[] = [];

  afterAll(async () => {
    for (const connection of strangers) connection.destroy();
    await service.stop();
  });

  it('refuses connections, keeps what it has, and goes on when there are descriptors again', async () => {
    await service.start();
    const { client, token } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const port = Number(new URL(service.url).port);
    // Let in before the strangers, and kept: what it publishes needs no descriptor, but delivering it does.
    const publisher = new RawConnection(port);
    strangers.push(publisher);
    const body = JSON.stringify({ event_type: 'record:created', payload: {} });
    const publish = (): RawConnection =>
      publisher.send(
        `POST /event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    await publish().answered();

    const opened = openFiles(service.pid).length;
    const limit = (text: string): unknown =>
      execFileSync('prlimit', ['--pid', String(service.pid), `--nofile=${text}`]);
    // The soft limit alone, which anybody may raise again.
    limit(`${opened + FREE}:`);
    const held = Array.from({ length: STRANGERS }, () => new RawConnection(port));
    strangers.push(...held);
    await until(
      'most of them to be refused',
      () => held.filter(({ isClosed }) => isClosed).length >= STRANGERS - FREE - 5,
    );
    await publish().answered(2);
    expect(publisher.answer.statuses).toEqual([202, 202]);
    expect(service.isRunning).toBe(true);

    for (const connection of held) connection.destroy();
    limit('4096:');
    const answers = async (path: string): Promise<boolean> =>
      (await send(service.url, 'GET', path).catch(() => undefined))?.status === 200;
    await until(
      'it to be ready again',
      async () => (await answers('/health/live')) && (await answers('/health/ready')),
    );
    await until(
      'both deliveries to succeed',
      async () => {
        const reply = await client.get<{ result: Delivery[] }>('/delivery?status=succeeded');
        return reply.status === 200 && reply.expect(200).result.length === 2;
      },
      RECOVERY_MS,
    );
  });
});

import { jest } from '@jest/globals';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { send } from '../support/client.js';
import { freePort } from '../support/program.js';
import { SERVER_URL, Service } from '../support/process.js';
import { until } from '../support/wait.js';

// Each story starts processes of its own.
jest.setTimeout(300_000);

const CREDENTIALS = {
  ADMIN_TOKEN: 'an-admin-token-for-tests-of-enough-length',
  ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
};

describe('a process whose database is not there yet', () => {
  let service: Service;

  afterEach(async () => {
    await service.stop();
  });

  const statusOf = (path: string): Promise<number | null> =>
    send(service.url, 'GET', path).then(
      ({ status }) => status,
      () => null,
    );

  async function startWithout(env: Record<string, string> = {}): Promise<void> {
    const port = await freePort();
    service = new Service({
      env: { ...CREDENTIALS, DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`, ...env },
    });
    await service.spawnOnly();
    await until('the process to wait', () => service.logs.includes('the database cannot be reached yet'), 60_000);
  }

  it('lives, is not ready, and tells everybody else to come again', async () => {
    await startWithout();
    const live = await send(service.url, 'GET', '/health/live');
    expect([live.status, JSON.parse(live.text)]).toEqual([200, { status: 'ok' }]);
    const ready = await send(service.url, 'GET', '/health/ready');
    const checks = {
      database: 'unavailable',
      storage: 'unavailable',
      migrations: 'unavailable',
      dispatcher: 'unavailable',
    };
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: 'unavailable', checks, database_trouble: null },
    ]);
    const event = await send(service.url, 'POST', '/event', { body: { event_type: 'record:created', payload: {} } });
    expect([event.status, event.headers['retry-after'], event.headers['connection']]).toEqual([503, '1', 'close']);
    expect(JSON.parse(event.text)).toMatchObject({ statusCode: 503, error: 'Service Unavailable', code: 'STARTING' });
    expect(event.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends cleanly by %s', async (signal) => {
    await startWithout();
    service.signal(signal);
    expect(await service.exit()).toEqual({ code: 0, signal: null });
  });

  it('gives up after DATABASE_WAIT, and says so in one line', async () => {
    await startWithout({ DATABASE_WAIT: '1s' });
    expect((await service.exit()).code).toBe(1);
    expect(service.logs).toMatch(/^The database cannot be reached, and was waited for 1 s \(DATABASE_WAIT\): .*\.$/m);
    expect(service.logs.match(/^ +at /m)).toBeNull();
  });

  if (SERVER_URL) {
    it('starts when it is, and answers every request from the first one on', async () => {
      const target = new URL(SERVER_URL!);
      const name = `tidings-start-${Date.now()}`;
      await onServer(`CREATE DATABASE "${name}"`);
      const door = await gate(target);
      const url = new URL(SERVER_URL!);
      url.host = `127.0.0.1:${door.port}`;
      url.pathname = `/${name}`;
      try {
        service = new Service({ env: { ...CREDENTIALS, DATABASE_URL: url.href } });
        await service.spawnOnly();
        await until('the process to wait', () => service.logs.includes('the database cannot be reached yet'), 60_000);
        expect(await statusOf('/health/ready')).toBe(503);
        door.open();
        const seen = new Set<number | null>();
        await until(
          'the service to be ready',
          async () => {
            seen.add(await statusOf('/health/live'));
            return (await statusOf('/health/ready')) === 200;
          },
          90_000,
        );
        expect([...seen]).toEqual([200]);
        expect(service.logs).toContain('the schema is up to date');
        await service.kill('SIGTERM');
      } finally {
        door.close();
        await onServer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      }
    });

    it('lives while a migration takes long, which a signal cancels', async () => {
      const name = `tidings-start-${Date.now()}`;
      await onServer(`CREATE DATABASE "${name}"`);
      const url = new URL(SERVER_URL!);
      url.pathname = `/${name}`;
      const blocker = new pg.Client({ connectionString: url.href });
      await blocker.connect();
      try {
        // A migration that waits: for the lock of whoever changes the schema.
        await blocker.query('SELECT pg_advisory_lock($1)', [0x746964]);
        service = new Service({ env: { ...CREDENTIALS, DATABASE_URL: url.href, DATABASE_WAIT: '0s' } });
        await service.spawnOnly();
        await until('the migration to wait', () => service.logs.includes('another process changes the schema'), 60_000);
        // Longer than any statement of the service may take.
        await sleep(11_000);
        expect([await statusOf('/health/live'), await statusOf('/health/ready')]).toEqual([200, 503]);
        service.signal('SIGTERM');
        expect(await service.exit(10_000)).toMatchObject({ code: 0 });
        const { rows } = await blocker.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
        expect(rows).toEqual([]);
      } finally {
        await blocker.end();
        await onServer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      }
    });
  }
});

interface Gate {
  port: number;
  /** From then on connections get through. */
  open(): void;
  close(): void;
}

/** A way to the server that is closed at first: as long as it is, connections are cut off. */
async function gate(target: URL): Promise<Gate> {
  let isOpen = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (!isOpen) return void socket.destroy();
    const onward = connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    open: () => void (isOpen = true),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER_URL! });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

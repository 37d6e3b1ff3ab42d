import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { startPostgres, type PostgresServer } from '../../scripts/postgres-server.mjs';
import { OPTIMISED, SERVER_URL, Service, type Tenant } from '../support/process.js';
import type { Reply } from '../support/client.js';
import type { Receiver } from '../support/receiver.js';
import { FULL, OUT_OF_CONNECTIONS, PROBES, READ_ONLY, TroubleLog, troubleTable } from '../support/trouble-log.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

/* What callers are told while a PostgreSQL server is in trouble, and that it ends with the trouble. */

jest.setTimeout(240_000);

/** Connections of the service: 3 for requests, 2 for the pipeline. */
const POOL_SIZE = 5;
/** How often all sessions are ended, and at most how long after the time before. */
const SESSION_ENDS = 100;
const SESSION_MS = 80;
const MEBIBYTE = 1_048_576;
/** Of the file system that is filled: what a new server takes, and some room. */
const DISK_BYTES = 256 * MEBIBYTE;

/** The package of the server that the tests run on; they need one of their own, to do this to it. */
async function majorVersion(): Promise<14 | 18> {
  const client = new pg.Client(SERVER_URL!);
  await client.connect();
  const { rows } = await client.query<{ major: string }>(
    `SELECT split_part(current_setting('server_version'), '.', 1) AS major`,
  );
  await client.end();
  return rows[0]!.major === '14' ? 14 : 18;
}

if (!SERVER_URL) {
  describe('the embedded database in trouble', () => {
    const receivers = useReceivers();
    const table = troubleTable('Trouble of the embedded database');
    afterAll(() => table.print());

    it('whose disk is full is told of, and used again when there is room', async () => {
      const disk = new SmallDisk();
      const service = new Service({ directory: disk.path, nodeOptions: OPTIMISED });
      try {
        await service.start();
        const { client } = await service.tenant();
        const log = await TroubleLog.begin(client, await receivers.start());
        await log.during(() => disk.fullUntil(() => log.isRefused('POST /event')));
        await table.add('disk full', log, { refused: ['POST /event'], named: FULL });
      } finally {
        await service.stop();
        disk.remove();
      }
    });
  });
} else {
  describe('a PostgreSQL server in trouble', () => {
    const receivers = useReceivers();
    const table = troubleTable('Trouble of a PostgreSQL server');
    const cleanup: (() => Promise<unknown> | unknown)[] = [];
    let server: PostgresServer;
    let service: Service;
    let tenant: Tenant;
    let receiver: Receiver;
    let log: TroubleLog;

    /** @param acceptWait long enough that no slow machine needs it, or none. */
    async function start(directory?: string, acceptWait: '0s' | '1m' = '0s'): Promise<void> {
      server = await startPostgres(await majorVersion(), { durable: true, ...(directory && { directory }) });
      cleanup.push(() => server.stop());
      const env = { DATABASE_POOL_SIZE: String(POOL_SIZE), ACCEPT_WAIT: acceptWait, SHUTDOWN_TIMEOUT: '2m' };
      service = new Service({ serverUrl: server.url, env });
      cleanup.push(() => service.stop());
      await service.start();
      tenant = await service.tenant();
      receiver = await receivers.start();
      log = await TroubleLog.begin(tenant.client, receiver);
    }

    /** A session of somebody else's on the service's database. */
    async function connect(): Promise<pg.Client> {
      const client = new pg.Client(service.databaseUrl);
      client.on('error', () => undefined);
      await client.connect();
      return client;
    }

    /** Ends all sessions on the service's database but these. */
    async function endSessions(holder: pg.Client, others: pg.Client[] = []): Promise<void> {
      const spared = [holder, ...others].map((client) => (client as unknown as { processID: number }).processID);
      await holder.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND NOT pid = ANY ($1)`,
        [spared],
      );
    }

    afterEach(async () => {
      for (const end of cleanup.splice(0).reverse()) await end();
    });
    afterAll(() => table.print());

    it('that is gone is told of at once, and used again when it is back', async () => {
      await start();
      await log.during(async () => {
        await server.kill('postmaster');
        await delay(4_000);
        await server.restart();
      });
      await table.add('server gone', log, { refused: 'all' });
    });

    it.each([
      ['is restarted', {}, () => Promise.resolve()],
      [
        'is a standby until it is promoted',
        { standby: true },
        async () => {
          await delay(1_000);
          const superuser = await connect();
          await superuser.query('SELECT pg_promote()');
          await superuser.end();
        },
      ],
    ])('that %s refuses no event within ACCEPT_WAIT, loses none and stores none twice', async (_, how, begin) => {
      await start(undefined, '1m');
      const stored = async (): Promise<number> => {
        const client = await connect();
        const { rows } = await client.query<{ count: number }>('SELECT count(*)::int FROM event');
        await client.end();
        return rows[0]!.count;
      };
      const before = await stored();
      const answers: Promise<Reply<unknown>>[] = [];
      let sent = 0;
      const member = (isKeyed: boolean): object => {
        sent += 1;
        const idempotency_key = isKeyed ? `key-${sent}` : undefined;
        return { event_type: 'record:created', payload: { sent }, ...(idempotency_key && { idempotency_key }) };
      };
      const { client } = tenant;
      const round = (): void => {
        for (const isKeyed of [false, true]) {
          const { idempotency_key: key, ...event } = member(isKeyed) as { idempotency_key?: string };
          answers.push(client.post('/event', event, key ? { headers: { 'idempotency-key': key } } : {}));
          answers.push(client.post('/event/batch', { events: [member(isKeyed), member(false)] }));
        }
      };
      // 200 requests a second.
      const rounds = setInterval(round, 20);
      const readiness = new Set<string>();
      const probes = setInterval(() => {
        const look = client.get('/health/ready');
        const told = look.then(({ status, text }) => {
          readiness.add(`${status} ${(JSON.parse(text) as { status: string }).status}`);
        });
        told.catch(() => undefined);
      }, 100);
      try {
        await delay(1_000);
        await server.kill('postmaster');
        await server.restart(how);
        await begin();
        await delay(1_000);
      } finally {
        clearInterval(rounds);
        clearInterval(probes);
      }
      const refused = (await Promise.all(answers)).filter(({ status }) => status !== 202);
      expect(refused.map(({ text }) => text)).toEqual([]);
      const arrived = (): Set<string> => new Set(receiver.requests.map(({ headers }) => String(headers['webhook-id'])));
      await until(
        'all to arrive',
        () => arrived().size >= before + sent,
        60_000,
        () => `${arrived().size} of ${before} and ${sent}`,
      );
      expect([arrived().size, await stored()]).toEqual([before + sent, before + sent]);
      expect(readiness).toContain('200 waiting');
    });

    it('that has gone without a word is told of within two seconds', async () => {
      await start();
      await log.during(async () => {
        server.freeze();
        await delay(5_000);
        server.thaw();
      });
      await table.add('server does not answer', log, { refused: 'all' });
    });

    it('that holds a lock is told of within two seconds, and no session is left waiting for it', async () => {
      await start();
      const holder = await connect();
      let sessions = 0;
      await log.during(async () => {
        await holder.query('BEGIN; LOCK TABLE webhook, event, delivery IN ACCESS EXCLUSIVE MODE');
        await delay(8_000);
        const { rows } = await holder.query<{ count: number }>(
          `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        sessions = rows[0]!.count;
        await holder.query('ROLLBACK');
      });
      await holder.end();
      // One holds the lock of the replica, and one may just be ending. Statements that are given up and not canceled have been 11.
      expect(sessions).toBeLessThanOrEqual(POOL_SIZE + 2);
      await table.add('tables locked', log, { refused: ['POST /event', 'GET /webhook', 'GET /delivery'] });
    });

    it('of which one row is locked refuses those who need it, and holds up no events', async () => {
      await start();
      const holder = await connect();
      await log.during(async () => {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM webhook WHERE id = $1 FOR UPDATE', [log.webhookId]);
        await delay(5_000);
        await holder.query('ROLLBACK');
      });
      await holder.end();
      await table.add('row locked', log, { refused: ['PATCH /webhook/{id}'], served: ['POST /event'] });
    });

    it('that has no connection left is told of, and used again when it has', async () => {
      await start();
      const holder = await connect();
      const crowd: pg.Client[] = [];
      await log.during(async () => {
        await endSessions(holder);
        try {
          for (;;) crowd.push(await connect());
        } catch {
          // The server lets nobody in any more.
        }
        await endSessions(holder, crowd);
        // Who comes first to a place that got free keeps it.
        for (let taken = 0; taken < 2 * POOL_SIZE; taken += 1)
          await connect()
            .then((client) => crowd.push(client))
            .catch(() => undefined);
        await delay(3_000);
        await Promise.all(crowd.splice(0).map((client) => client.end()));
      });
      await holder.end();
      await table.add('no connection left', log, { refused: 'some', named: OUT_OF_CONNECTIONS });
    });

    it('that ends every session again and again is told of, at whatever moment that is', async () => {
      await start();
      const holder = await connect();
      // What asks for its token alone, once a second, may never be at it when its session ends.
      const refused = PROBES.filter((probe) => probe !== 'GET /me');
      // Which request is met is chance, and a fast one is met seldom: it goes on until each kind has been.
      const allWereMet = () => refused.every((probe) => log.isRefused(probe));
      await log.during(async () => {
        for (let round = 0; round < SESSION_ENDS || (round < 10 * SESSION_ENDS && !allWereMet()); round += 1) {
          await endSessions(holder);
          await delay(SESSION_MS * Math.random());
        }
      });
      await holder.end();
      await table.add('sessions ended again and again', log, { refused });
      expect(service.isRunning).toBe(true);
    });

    it('that became a standby is told of, and used again when it is promoted', async () => {
      await start();
      await log.during(async () => {
        await server.kill('postmaster');
        await server.restart({ standby: true });
        await delay(4_000);
        const superuser = await connect();
        await superuser.query('SELECT pg_promote()');
        await superuser.end();
      });
      await table.add('read-only standby', log, {
        refused: ['POST /event', 'POST /webhook'],
        named: READ_ONLY,
      });
    });

    it('whose disk is full is told of, and used again when there is room', async () => {
      const disk = new SmallDisk();
      cleanup.push(() => disk.remove());
      await start(disk.path);
      await log.during(() => disk.fullUntil(() => log.isRefused('POST /event')));
      await table.add('disk full', log, { refused: ['POST /event'], named: FULL });
    });
  });
}

/** A file system in memory, for what fills it. Mounting one takes root, as CI is. */
class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'tidings-disk-'));

  constructor() {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=755`, 'tmpfs', this.path]);
  }

  /** Leaves no room until the condition has held for some seconds: what is free within files is used up first. */
  async fullUntil(isFelt: () => boolean): Promise<void> {
    const ballast = join(this.path, 'ballast');
    for (let bytes = MEBIBYTE; bytes >= 4_096;) {
      try {
        writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
        bytes /= 4;
      }
    }
    await until('the full disk to be felt', isFelt, 30_000);
    await delay(3_000);
    rmSync(ballast);
  }

  remove(): void {
    execFileSync('umount', [this.path]);
    rmSync(this.path, { recursive: true });
  }
}

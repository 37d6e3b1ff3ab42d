import { jest } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { loadConfig } from '../../src/config/config.js';
import type { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { openDatabase } from '../../src/database/database.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { EmbeddedUpkeep } from '../../src/database/embedded/embedded-upkeep.js';
import { schema } from '../../src/schema.js';
import { initialiseDataDirectory } from '../support/database.js';
import { TYPESCRIPT_WORKER } from '../support/typescript-worker.js';
import { until } from '../support/wait.js';

const EMBEDDED = loadConfig({});
const ROUND_MS = 10_000;
const MIB = 1024 * 1024;
/** All but the interval: the pool, the sockets and this file's own waiting go on. */
const REAL_TIME = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;

let directory: DataDirectory;
let engine: EmbeddedPostgres;
let dataSource: DataSource;
let upkeep: EmbeddedUpkeep;

// Always the embedded engine, also where the tests run on a server.
beforeAll(async () => {
  directory = await initialiseDataDirectory(mkdtempSync(join(tmpdir(), 'tidings-test-')));
  engine = await EmbeddedPostgres.start(directory, { worker: TYPESCRIPT_WORKER });
  dataSource = await openDatabase({ url: engine.url, schema, poolSize: 2 });
});
afterAll(async () => {
  await dataSource.destroy();
  await engine.stop();
  directory.release();
  rmSync(directory.path, { recursive: true, force: true });
});
afterEach(() => {
  jest.restoreAllMocks();
});
beforeEach(() => {
  upkeep = new EmbeddedUpkeep(dataSource, EMBEDDED);
});

describe('EmbeddedUpkeep', () => {
  it('keeps the queue as small as its unfinished work, however many deliveries went through it', async () => {
    await passThroughQueue(1_000);
    const bytesOfOneRound = await queueBytes();
    await upkeep.runRound();
    for (let round = 1; round < 20; round++) {
      await passThroughQueue(1_000);
      await upkeep.runRound();
    }
    expect(await queueBytes()).toBeLessThan(2 * bytesOfOneRound);
  });

  it('tells the planner about tables and newest partitions, but goes over a partition only once an hour', async () => {
    await insertEvents(100);
    await insertIdempotencyKeys(100);
    await upkeep.runRound();
    expect(await knownRows('idempotency_key')).toBe(100);
    expect(await knownRows(todaysEvents())).toBe(100);

    await insertEvents(100);
    await insertIdempotencyKeys(100);
    await upkeep.runRound();
    expect(await knownRows('idempotency_key')).toBe(200);
    expect(await knownRows(todaysEvents())).toBe(100);
  });

  it('leaves alone what hardly changed', async () => {
    const vacuums = await vacuumsOfQueue();
    await passThroughQueue(20);
    await upkeep.runRound();
    expect(await vacuumsOfQueue()).toBe(vacuums);
  });

  it('keeps the write-ahead log short', async () => {
    for (let round = 0; round < 6; round++) {
      await writeLog(70 * MIB);
      await upkeep.runRound();
    }
    expect(await logBytesSinceCheckpoint()).toBeLessThan(MIB);
    expect(logFilesBytes()).toBeLessThan(300 * MIB);
  });

  it('leaves the session to others between its statements', async () => {
    await passThroughQueue(1_000);
    await writeLog(40 * MIB);
    const held: { from: number; to: number }[] = [];
    const query = dataSource.query.bind(dataSource);
    jest.spyOn(dataSource, 'query').mockImplementation(async (sql, ...others) => {
      const from = performance.now();
      const result = await query(sql, ...others);
      if (/^(VACUUM|CHECKPOINT)/.test(sql)) held.push({ from, to: performance.now() });
      return result;
    });
    await upkeep.runRound();
    expect(held.length).toBeGreaterThan(1);
    for (const [index, { from, to }] of held.slice(0, -1).entries()) {
      expect(held[index + 1]!.from - to).toBeGreaterThan(to - from);
    }
  });

  describe('in an application', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: [...REAL_TIME] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it('tidies every ten seconds until the application closes', async () => {
      const vacuums = await vacuumsOfQueue();
      await passThroughQueue(100);
      upkeep.onApplicationBootstrap();
      await until('the queue to be vacuumed', async () => {
        jest.advanceTimersByTime(ROUND_MS);
        return (await vacuumsOfQueue()) > vacuums;
      });
      await upkeep.onModuleDestroy();
      expect(jest.getTimerCount()).toBe(0);
    });

    it('lets the application close when its last statement has ended, and starts no further table', async () => {
      const vacuums = await vacuumsOfQueue();
      await passThroughQueue(100);
      const query = dataSource.query.bind(dataSource);
      let underWay = 0;
      jest.spyOn(dataSource, 'query').mockImplementation(async <T>(sql: string): Promise<T> => {
        underWay++;
        return query<T>(sql).finally(() => underWay--);
      });
      upkeep.onApplicationBootstrap();
      jest.advanceTimersByTime(ROUND_MS);
      expect(underWay).toBe(1);
      await upkeep.onModuleDestroy();
      expect(underWay).toBe(0);
      expect(await vacuumsOfQueue()).toBe(vacuums);
    });

    it('does nothing on a server', () => {
      const onServer = loadConfig({
        DATABASE_URL: 'postgresql://localhost/tidings',
        ADMIN_TOKEN: 'an-admin-token-for-tests-of-enough-length',
        ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      });
      new EmbeddedUpkeep(dataSource, onServer).onApplicationBootstrap();
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});

async function passThroughQueue(deliveries: number): Promise<void> {
  await dataSource.query(
    `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
     SELECT uuid_v7(now()), gen_random_uuid(), gen_random_uuid(), uuid_v7(now()), 'record:created', now(), now()
     FROM generate_series(1, $1::int)`,
    [deliveries],
  );
  await dataSource.query('DELETE FROM delivery_queue');
}

async function insertEvents(count: number): Promise<void> {
  await dataSource.query(
    `INSERT INTO event (id, environment_id, event_type, payload, created_at)
     SELECT id, gen_random_uuid(), 'record:created', '{}', now() FROM unnest($1::uuid[]) id`,
    [Array.from({ length: count }, () => uuidV7(Date.now()))],
  );
}

function todaysEvents(): string {
  return `event_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
}

async function insertIdempotencyKeys(count: number): Promise<void> {
  await dataSource.query(
    `INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, created_at)
     SELECT gen_random_uuid(), 'event', 'a key', '\\x00', gen_random_uuid(), now() FROM generate_series(1, $1::int)`,
    [count],
  );
}

/** Writes that much write-ahead log, 10 MiB at a time. */
async function writeLog(bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += 10 * MIB) {
    await dataSource.query(`SELECT pg_logical_emit_message(false, 'test', repeat('x', $1::int))`, [10 * MIB]);
  }
}

async function vacuumsOfQueue(): Promise<number> {
  const [row] = await dataSource.query<[{ count: number }]>(
    `SELECT pg_stat_get_vacuum_count('delivery_queue'::regclass)::int AS count`,
  );
  return row.count;
}

/** With its indexes. */
async function queueBytes(): Promise<number> {
  const [size] = await dataSource.query<[{ bytes: number }]>(
    `SELECT pg_total_relation_size('delivery_queue')::float8 AS bytes`,
  );
  return size.bytes;
}

/** What the planner believes: -1 for a table that was never looked at. */
async function knownRows(table: string): Promise<number> {
  const [known] = await dataSource.query<[{ rows: number }]>(
    'SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  return known.rows;
}

async function logBytesSinceCheckpoint(): Promise<number> {
  const [log] = await dataSource.query<[{ bytes: number }]>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`,
  );
  return log.bytes;
}

function logFilesBytes(): number {
  const path = join(directory.path, 'postgres', 'pg_wal');
  return readdirSync(path)
    .map((name) => statSync(join(path, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

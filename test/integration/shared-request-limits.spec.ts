import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { LiveReplicas } from '../../src/auth/live-replicas.js';
import { demandRequests, trimRequestDemand } from '../../src/auth/request-demand.repository.js';
import { RequestLimits } from '../../src/auth/request-limits.js';
import type { Principal } from '../../src/auth/principal.js';
import { ApiError } from '../../src/http/errors.js';
import { loadConfig } from '../../src/config/config.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { touchReplica } from '../../src/deliveries/queue/replicas.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

const LIMIT = 300;
const REPLICAS = 3;
const WINDOW_MS = 10_000;

let database: TestDatabase;
let members: RequestLimits[] = [];
let windows = 1_000;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const limits of members) await limits.beforeApplicationShutdown();
  members = [];
  await database.dataSource.query('DELETE FROM request_demand');
});
afterAll(() => database?.close());

/** So many of the installation's replicas, at the beginning of a window that no other test counts in. */
function start(count: number, { of = REPLICAS, dataSource = database.dataSource } = {}): void {
  windows += 10;
  const replicas = new LiveReplicas();
  replicas.note(of);
  const clock = DatabaseClock.local();
  const readAt = performance.now();
  clock.correct({ sentAt: readAt, receivedAt: readAt, databaseMs: windows * WINDOW_MS });
  for (let n = 0; n < count; n += 1) {
    const limits = new RequestLimits(loadConfig({ RATE_LIMIT_PER_10S: String(LIMIT) }), dataSource, replicas, clock);
    members.push(limits);
  }
}

function principal(): Principal {
  const rest = { name: 'story', environmentId: randomUUID(), webhookId: null, scopes: [], expiresAt: null };
  return { kind: 'api_token', id: randomUUID(), ...rest };
}

async function isAccepted(replica: number, token: Principal): Promise<boolean> {
  try {
    await members[replica]!.countRequest(token);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'RATE_LIMITED') throw error;
    const seconds = Number(error.headers['Retry-After']);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(10);
    return false;
  }
}

/** How many of so many requests are accepted, some at a time. */
async function accepted(requests: number, replicaOf: (n: number) => number, token = principal()): Promise<number> {
  let count = 0;
  for (let n = 0; n < requests; n += 5) {
    const batch = Array.from({ length: 5 }, (_, at) => isAccepted(replicaOf(n + at), token));
    count += (await Promise.all(batch)).filter(Boolean).length;
  }
  return count;
}

const rows = async (): Promise<number> =>
  Number((await database.dataSource.query<[{ count: string }]>('SELECT count(*) FROM request_demand'))[0].count);

describe('RATE_LIMIT_PER_10S of three replicas on one database', () => {
  it.each<[string, (n: number) => number]>([
    ['are spread evenly', (n) => n % REPLICAS],
    ['all go to one', () => 0],
    ['move from one to the next', (n) => Math.min(2, Math.floor(n / 100))],
    ['move on as soon as they have begun', (n) => Math.min(2, Math.floor(n / 5))],
  ])('is the installation’s, within a fifth, when requests %s', async (_, replicaOf) => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const total = await until('the database to answer in time', async () => {
        warned.mockClear();
        start(REPLICAS);
        const count = await accepted(2 * LIMIT, replicaOf);
        if (warned.mock.calls.length === 0) return count;
        // Where it did not, each had the whole limit.
        for (const limits of members.splice(0)) await limits.beforeApplicationShutdown();
        return null;
      });
      expect(total).toBeLessThanOrEqual(LIMIT);
      expect(total).toBeGreaterThanOrEqual(0.8 * LIMIT);
    } finally {
      warned.mockRestore();
    }
  });

  it('is each token’s own, and costs one that is rare no statement', async () => {
    start(REPLICAS);
    const query = jest.spyOn(database.dataSource, 'query');
    try {
      for (let token = 0; token < 20; token += 1) expect(await accepted(5, () => 1)).toBe(5);
      expect(query).not.toHaveBeenCalled();
      expect(await accepted(2 * LIMIT, (n) => n % REPLICAS)).toBeGreaterThan(0.8 * LIMIT);
      // A part is ten requests.
      expect(query.mock.calls.length).toBeGreaterThan(5);
      expect(query.mock.calls.length).toBeLessThan(2 * REPLICAS + LIMIT / 10);
    } finally {
      query.mockRestore();
    }
    expect(await accepted(5, () => 1)).toBe(5);
  });

  it('is the whole limit on each while the database does not answer, which is told once and is no error', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const away = { query: () => Promise.reject(new Error('away')) } as unknown as DataSource;
      start(1, { dataSource: away });
      expect(await accepted(2 * LIMIT, () => 0)).toBe(LIMIT);
      expect(await accepted(2 * LIMIT, () => 0)).toBe(LIMIT);
      expect(warned).toHaveBeenCalledTimes(1);
    } finally {
      warned.mockRestore();
    }
  });

  it('is waited for no longer than a moment', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const silent = { query: () => new Promise(() => undefined) } as unknown as DataSource;
      start(1, { dataSource: silent });
      const begun = performance.now();
      expect(await accepted(LIMIT, () => 0)).toBe(LIMIT);
      expect(performance.now() - begun).toBeLessThan(2_000);
    } finally {
      warned.mockRestore();
    }
  });
});

describe('RATE_LIMIT_PER_10S of a process that is alone', () => {
  it('is exact, and asks the database nothing', async () => {
    start(1, { of: 1 });
    const query = jest.spyOn(database.dataSource, 'query');
    try {
      expect(await accepted(2 * LIMIT, () => 0)).toBe(LIMIT);
      await members[0]!['trim']();
      expect(query).not.toHaveBeenCalled();
    } finally {
      query.mockRestore();
    }
  });
});

describe('What tokens asked for', () => {
  it('is a sum that each addition tells', async () => {
    const ask = (requests: number, period = 1) => demandRequests(database.dataSource, 'admin', period, requests);
    expect([await ask(10), await ask(5), await ask(7, 2)]).toEqual([10, 15, 7]);
    const sums = await Promise.all(Array.from({ length: 20 }, () => ask(1, 3)));
    expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('is forgotten once its window is long over', async () => {
    await database.dataSource.query(
      `INSERT INTO request_demand SELECT n::text, n, 1 FROM generate_series(1, 1500) AS n`,
    );
    expect(await trimRequestDemand(database.dataSource, 1_400)).toBe(true);
    expect(await trimRequestDemand(database.dataSource, 1_400)).toBe(false);
    expect(await rows()).toBe(101);
  });

  it('is forgotten by a replica that asks for more', async () => {
    start(REPLICAS);
    await demandRequests(database.dataSource, 'admin', 1, 10);
    await accepted(50, () => 0);
    await members[0]!['trim']();
    expect(await rows()).toBe(1);
  });
});

describe('A heartbeat', () => {
  it('tells how many others live, and the time', async () => {
    await database.dataSource.query('DELETE FROM replica');
    const [first, second] = [randomUUID(), randomUUID()];
    const before = Date.now();
    expect(await touchReplica(database.dataSource, first, null)).toMatchObject({ others: 0 });
    const { others, nowMs } = await touchReplica(database.dataSource, second, null);
    expect(others).toBe(1);
    expect(Math.abs(nowMs - before)).toBeLessThan(60_000);
    await database.dataSource.query(`UPDATE replica SET seen_at = now() - interval '11 seconds' WHERE id = $1`, [
      first,
    ]);
    expect(await touchReplica(database.dataSource, second, null)).toMatchObject({ others: 0 });
  });
});

import { jest } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import type { HttpAdapter } from '../../src/http/http-adapter.js';
import { ReadinessChecks } from '../../src/common/readiness-checks.js';
import { Config, loadConfig } from '../../src/config/config.js';
import { DatabaseTroubles } from '../../src/database/database-troubles.js';
import { HealthModule } from '../../src/observability/health.module.js';
import { statusOf } from '../../src/observability/health.service.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

describe('health', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let isDispatching: boolean;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.close());

  beforeEach(async () => {
    @Global()
    @Module({
      providers: [
        { provide: DataSource, useValue: database.dataSource },
        { provide: Config, useValue: loadConfig({}) },
        DatabaseTroubles,
      ],
      exports: [DataSource, Config, DatabaseTroubles],
    })
    class SurroundingsModule {}

    @Module({ imports: [SurroundingsModule, HealthModule] })
    class HealthAloneModule {}

    app = await createApp(loadConfig({}), HealthAloneModule, { logger: new PinoLogger({ level: 'silent' }) });
    await app.init();
    isDispatching = true;
    app.get(ReadinessChecks).register('dispatcher', () => isDispatching);
  });

  afterEach(() => app.close());

  const get = async (url: string): Promise<{ status: number; body: unknown }> => {
    const response = await app.inject({ url });
    return { status: response.statusCode, body: response.json() };
  };

  const ready = { database: 'ok', storage: 'ok', migrations: 'ok', dispatcher: 'ok' };

  it('is ready when every check is', async () => {
    expect(await get('/health/ready')).toEqual({
      status: 200,
      body: { status: 'ok', checks: ready, database_trouble: null },
    });
    expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('is alive but not ready when a check fails', async () => {
    isDispatching = false;
    const checks = { ...ready, dispatcher: 'unavailable' };
    expect(await get('/health/ready')).toEqual({
      status: 503,
      body: { status: 'unavailable', checks, database_trouble: null },
    });
    expect(await get('/health/live')).toMatchObject({ status: 200 });
  });

  it('is not ready while a migration of this version is not recorded', async () => {
    const { dataSource } = database;
    const [last] = await dataSource.query<object[]>('SELECT * FROM schema_migration ORDER BY id DESC LIMIT 1');
    await dataSource.query('UPDATE schema_migration SET name = name || $1', ['-later']);
    const checks = { ...ready, migrations: 'unavailable' };
    expect(last).toBeDefined();
    expect(await get('/health/ready')).toEqual({
      status: 503,
      body: { status: 'unavailable', checks, database_trouble: null },
    });
    await dataSource.query(`UPDATE schema_migration SET name = replace(name, $1, '')`, ['-later']);
    expect(await get('/health/ready')).toMatchObject({ status: 200 });
  });

  it.each([
    ['is away', 'Connection terminated unexpectedly', 0, 200, 'waiting'],
    ['is away for longer than ACCEPT_WAIT', 'Connection terminated unexpectedly', 5_000, 503, 'unavailable'],
    ['fails otherwise', 'a fault', 0, 503, 'unavailable'],
  ])('tells whether events wait for the database when it %s', async (_, message, awayMs, status, told) => {
    let laterMs = 0;
    const real = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + laterMs);
    const query = jest.spyOn(database.dataSource, 'query').mockImplementation(() => {
      const error = new Error(message);
      app.get(DatabaseTroubles).note(error);
      return Promise.reject(error);
    });
    try {
      await get('/health/ready');
      laterMs = awayMs;
      expect(await get('/health/ready')).toMatchObject({ status, body: { status: told } });
    } finally {
      query.mockRestore();
      clock.mockRestore();
    }
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it.each([
    ['53100', 'full'],
    ['25006', 'read_only'],
    ['58030', 'corrupted'],
  ])('names what a statement met, %s, and looks at the storage again', async (code, trouble) => {
    const error = Object.assign(new Error('it failed'), { code, severity: 'ERROR' });
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: { database_trouble: null } });
    app.get(DatabaseTroubles).note(error);
    const probe = jest.spyOn(database.dataSource, 'transaction').mockRejectedValue(error);
    try {
      const checks = { ...ready, storage: 'unavailable' };
      const body = { status: 'unavailable', checks, database_trouble: trouble };
      expect(await get('/health/ready')).toEqual({ status: 503, body });
      // Asked again at once, it does not ask the database again.
      expect(await get('/health/ready')).toEqual({ status: 503, body });
      expect(probe).toHaveBeenCalledTimes(1);
    } finally {
      probe.mockRestore();
    }
    await until('the storage to be looked at again', async () => (await get('/health/ready')).status === 200);
    expect(await get('/health/ready')).toMatchObject({ body: { checks: ready, database_trouble: trouble } });
  });

  it.each(['53300', '53200', '57P01'])('takes no other trouble, such as %s, for one of the storage', async (code) => {
    app.get(DatabaseTroubles).note(Object.assign(new Error('it failed'), { code, severity: 'FATAL' }));
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: { checks: ready } });
  });

  it('is alive but not ready while it stops, whatever the checks say', async () => {
    (app.getHttpAdapter() as unknown as HttpAdapter).beforeClose();
    expect(await get('/health/ready')).toEqual({
      status: 503,
      body: { status: 'unavailable', checks: ready, database_trouble: null },
    });
    expect(await get('/health/live')).toMatchObject({ status: 200 });
  });
});

describe('a readiness check', () => {
  it.each<[string, () => boolean | Promise<boolean>]>([
    ['says no', () => false],
    [
      'throws',
      () => {
        throw new Error('x');
      },
    ],
    ['rejects', () => Promise.reject(new Error('x'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('that %s is unavailable', async (_, check) => {
    expect(await statusOf(check, 20)).toBe('unavailable');
  });
});

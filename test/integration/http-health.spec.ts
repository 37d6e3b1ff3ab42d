import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import type { HttpAdapter } from '../../src/common/http-adapter.js';
import { ReadinessChecks } from '../../src/common/readiness-checks.js';
import { loadConfig } from '../../src/config/config.js';
import { HealthModule } from '../../src/observability/health.module.js';
import { statusOf } from '../../src/observability/health.service.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

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
    @Module({ providers: [{ provide: DataSource, useValue: database.dataSource }], exports: [DataSource] })
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

  const ready = { database: 'ok', migrations: 'ok', dispatcher: 'ok' };

  it('is ready when every check is', async () => {
    expect(await get('/health/ready')).toEqual({ status: 200, body: { status: 'ok', checks: ready } });
    expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('is alive but not ready when a check fails', async () => {
    isDispatching = false;
    const checks = { ...ready, dispatcher: 'unavailable' };
    expect(await get('/health/ready')).toEqual({ status: 503, body: { status: 'unavailable', checks } });
    expect(await get('/health/live')).toMatchObject({ status: 200 });
  });

  it('is not ready while a migration of this version is not recorded', async () => {
    const { dataSource } = database;
    const [last] = await dataSource.query<object[]>('SELECT * FROM schema_migration ORDER BY id DESC LIMIT 1');
    await dataSource.query('UPDATE schema_migration SET name = name || $1', ['-later']);
    const checks = { ...ready, migrations: 'unavailable' };
    expect(last).toBeDefined();
    expect(await get('/health/ready')).toEqual({ status: 503, body: { status: 'unavailable', checks } });
    await dataSource.query(`UPDATE schema_migration SET name = replace(name, $1, '')`, ['-later']);
    expect(await get('/health/ready')).toMatchObject({ status: 200 });
  });

  it('is alive but not ready while it stops, whatever the checks say', async () => {
    (app.getHttpAdapter() as unknown as HttpAdapter).beforeClose();
    expect(await get('/health/ready')).toEqual({ status: 503, body: { status: 'unavailable', checks: ready } });
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

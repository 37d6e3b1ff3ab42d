import type { OutgoingHttpHeaders } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/config.js';
import { AddressResolver } from '../../src/egress/address-resolver.js';
import type { TestDatabase } from './database.js';
import { until } from './wait.js';

const ADMIN_TOKEN = 'an-admin-token-for-tests-of-enough-length';
const ENCRYPTION_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** One replica in this process: the whole application on a test's database, reached without a socket. */
export interface TestReplica {
  nest: NestFastifyApplication;
  /** Calls with the admin token; `environmentId` is the environment to act in. */
  call<Body = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    options?: { environmentId?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<{ status: number; headers: OutgoingHttpHeaders; body: Body }>;
  /** The body of a GET, asked for again while a slow machine answers 429 or 503. */
  read<Body>(path: string, environmentId: string): Promise<Body>;
  close(): Promise<void>;
}

/**
 * @param env settings beside the credentials and the database.
 * @param resolver finds the addresses of targets in place of the system's name servers.
 */
export async function startReplica(
  test: TestDatabase,
  env: Record<string, string> = {},
  resolver?: AddressResolver,
): Promise<TestReplica> {
  const config = loadConfig({
    DATABASE_URL: test.url,
    ADMIN_TOKEN,
    ENCRYPTION_KEYS,
    DATABASE_POOL_SIZE: '4',
    RATE_LIMIT_PER_10S: '1000000',
    ...env,
  });
  const logger = new SilentLogger();
  const nest = await createApp(config, AppModule.forRoot(config), { logger }, async (root, adapter, options) => {
    const testing = Test.createTestingModule({ imports: [root] }).setLogger(logger);
    if (resolver) testing.overrideProvider(AddressResolver).useValue(resolver);
    return (await testing.compile()).createNestApplication<NestFastifyApplication>(adapter, options);
  });
  await nest.init();
  await nest.getHttpAdapter().getInstance().ready();
  const call: TestReplica['call'] = async <Body>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    {
      environmentId,
      body,
      headers = {},
    }: { environmentId?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const response = await nest.inject({
      method,
      url: path,
      query: environmentId === undefined ? {} : { environment_id: environmentId },
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    return { status: response.statusCode, headers: response.headers, body: response.json<Body>() };
  };
  return {
    nest,
    call,
    read: async <Body>(path: string, environmentId: string) => {
      const answer = await until(`GET ${path}`, async () => {
        const tried = await call<Body>('GET', path, { environmentId });
        return tried.status !== 503 && tried.status !== 429 && tried;
      });
      if (answer.status !== 200)
        throw new Error(`GET ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    close: () => nest.close(),
  };
}

class SilentLogger implements LoggerService {
  log(): void {}
  error(): void {}
  warn(): void {}
}

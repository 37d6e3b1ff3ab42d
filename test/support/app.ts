import type { OutgoingHttpHeaders } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/config.js';
import { AddressResolver } from '../../src/egress/address-resolver.js';
import type { TestDatabase } from './database.js';

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
  const replace = (instance: unknown): unknown =>
    resolver && instance instanceof AddressResolver ? resolver : instance;
  const nest = await createApp(config, AppModule.forRoot(config), { logger: new SilentLogger(), replace });
  await nest.init();
  await nest.getHttpAdapter().getInstance().ready();
  return {
    nest,
    call: async <Body>(
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
    },
    close: () => nest.close(),
  };
}

class SilentLogger implements LoggerService {
  log(): void {}
  error(): void {}
  warn(): void {}
}

import type { LoggerService, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource, EntityManager } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { AdministrationModule } from '../../src/administration/administration.module.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { type ContentsTransaction, EnvironmentContents } from '../../src/administration/environment-contents.js';
import { notFound } from '../../src/http/not-found.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { ReadsModule } from '../../src/reads/reads.module.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { TestDatabaseModule } from './test-database.module.js';

export const ADMIN_TOKEN = 'an-admin-token-for-tests-of-enough-length';

/** What the tests read from answers, whichever of them has it. */
export interface AnswerBody {
  [member: string]: unknown;
  id: string;
  token: string;
  environment_id: string;
  created_at: string;
  updated_at: string;
  code: string;
  details: { failures: { field: string; message: string }[] };
  result: AnswerBody[];
  next_cursor: string;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: AnswerBody;
  text: string;
}

/** What the features above would hang into the deletion of an environment. */
export class RecordedContents extends EnvironmentContents {
  readonly calls: string[] = [];
  failure: Error | null = null;
  /** The webhooks that there are, each as `environment webhook`. */
  readonly webhooks = new Set<string>();

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async inTransaction(work: (transaction: ContentsTransaction) => Promise<void>): Promise<void> {
    const removed: [environmentId: string, manager: EntityManager][] = [];
    const acts: (() => void)[] = [];
    await this.dataSource.transaction((manager) =>
      work({
        manager,
        removeAll: async (environmentId, actor) => {
          this.calls.push(`removed ${environmentId} by ${actor}`);
          if (this.failure) throw this.failure;
          removed.push([environmentId, manager]);
        },
        afterCommit: (act) => acts.push(act),
      }),
    );
    for (const act of acts) act();
    for (const [environmentId, manager] of removed) {
      this.calls.push(`settled ${environmentId}, transaction open: ${manager.queryRunner?.isTransactionActive}`);
    }
  }

  override holdWebhook(environmentId: string, webhookId: string, manager: EntityManager): Promise<void> {
    if (!manager.queryRunner?.isTransactionActive) throw new Error('not in a transaction');
    if (!this.webhooks.has(`${environmentId} ${webhookId}`)) throw notFound('WEBHOOK_NOT_FOUND');
    return Promise.resolve();
  }
}

export interface AuthApp {
  nest: NestFastifyApplication;
  contents: RecordedContents;
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface CallOptions {
  /** Default: the admin token; null: no Authorization header. */
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Auth and administration on their own, as one replica has it, with the controllers of a test beside it. */
export async function createAuthApp(
  dataSource: DataSource,
  options: { config?: Config; controllers?: Type[] } = {},
): Promise<AuthApp> {
  const contents = new RecordedContents(dataSource);

  const config = options.config ?? serverConfig();
  const module = {
    module: class TestModule {},
    imports: [
      ConfigModule.forRoot(config),
      TestDatabaseModule.of(dataSource, { provide: EnvironmentContents, useValue: contents }),
      AuthModule,
      ReadsModule,
      AdministrationModule,
    ],
    controllers: options.controllers ?? [],
  };
  const nest = await createApp(config, module, { logger: new SilentLogger() });
  await nest.init();
  await nest.getHttpAdapter().getInstance().ready();

  return {
    nest,
    contents,
    call: async (method, url, { token = ADMIN_TOKEN, body, headers = {} } = {}) => {
      const response = await nest.inject({
        method,
        url,
        headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
        ...(body !== undefined && { payload: body as object }),
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.json<AnswerBody>(),
        text: response.payload,
      };
    },
    close: () => nest.close(),
  };
}

/** Settings under which no default environment is made. */
export function serverConfig(env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig({
    ADMIN_TOKEN,
    DATABASE_URL: 'postgresql://stands-for-a-server/tidings',
    RATE_LIMIT_PER_10S: '1000000',
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    ...env,
  });
}

class SilentLogger implements LoggerService {
  log(): void {}
  error(): void {}
  warn(): void {}
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource, EntityManager } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { AdministrationModule } from '../../src/administration/administration.module.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/config.js';
import { DeliveryControl, type WebhookChange } from '../../src/webhooks/delivery-control.js';
import { ReadsModule } from '../../src/reads/reads.module.js';
import { WebhooksModule } from '../../src/webhooks/webhooks.module.js';
import { TestDatabaseModule } from './test-database.module.js';

const ADMIN_TOKEN = 'an-admin-token-for-tests-of-enough-length';
export const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Stands for deliveries: writes down what it is told, in which state of the transaction. */
export class RecordedDeliveryControl extends DeliveryControl {
  readonly applied: WebhookChange[] = [];
  readonly settled: WebhookChange[] = [];
  /** Webhooks against whose endpoints something is known. */
  known: string[] = [];
  /** Makes the next `apply` fail with it. */
  failure: Error | null = null;
  private open: EntityManager | null = null;

  override apply(changes: readonly WebhookChange[], manager: EntityManager): Promise<ReadonlySet<string>> {
    if (!manager.queryRunner?.isTransactionActive) throw new Error('apply: not in a transaction');
    if (this.failure) throw this.failure;
    this.applied.push(...changes);
    this.open = manager;
    return Promise.resolve(new Set(this.known));
  }

  override settle(changes: readonly WebhookChange[]): Promise<void> {
    if (this.open?.queryRunner?.isTransactionActive) throw new Error('settle: before the commit');
    this.settled.push(...changes);
    return Promise.resolve();
  }

  clear(): void {
    this.applied.length = 0;
    this.settled.length = 0;
    this.failure = null;
  }
}

export interface Answer<Body> {
  status: number;
  headers: Record<string, unknown>;
  body: Body;
  text: string;
}

export interface CallOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Tenant {
  environmentId: string;
  tokenId: string;
  /** With the tenant's token; `Body` is what the test expects to read. */
  call<Body = Record<string, unknown>>(method: string, url: string, options?: CallOptions): Promise<Answer<Body>>;
}

/** The webhooks module over HTTP as one replica has it, with deliveries stood in for. */
export class WebhooksApp {
  private constructor(
    readonly nest: NestFastifyApplication,
    readonly deliveryControl: RecordedDeliveryControl,
  ) {}

  /** @param encryptionKeys as in ENCRYPTION_KEYS */
  static async start(dataSource: DataSource, encryptionKeys = KEYS): Promise<WebhooksApp> {
    const config = loadConfig({
      ADMIN_TOKEN,
      DATABASE_URL: 'postgresql://stands-for-a-server/tidings',
      RATE_LIMIT_PER_10S: '1000000',
      ENCRYPTION_KEYS: encryptionKeys,
    });
    const deliveryControl = new RecordedDeliveryControl();

    const imports = [
      ConfigModule.forRoot(config),
      TestDatabaseModule.of(dataSource, { provide: DeliveryControl, useValue: deliveryControl }),
      AuthModule,
      ReadsModule,
      AdministrationModule,
      WebhooksModule,
    ];
    const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const nest = await createApp(config, { module: class TestModule {}, imports }, { logger });
    try {
      await nest.init();
    } catch (error) {
      await nest.close();
      throw error;
    }
    return new WebhooksApp(nest, deliveryControl);
  }

  async call<Body = Record<string, unknown>>(
    method: string,
    url: string,
    { token = ADMIN_TOKEN, body, headers = {} }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const response = await this.nest.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    const text = response.payload;
    return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) as Body, text };
  }

  /** A fresh environment with an API token of all scopes. */
  async tenant(): Promise<Tenant> {
    const environment = await this.call<{ id: string }>('POST', '/environment', {
      body: { name: 'test', allow_duplicate_name: true },
    });
    const environmentId = environment.body.id;
    const order = { name: 'test', environment_id: environmentId };
    const created = await this.call<{ id: string; token: string }>('POST', '/api-token', { body: order });
    const { id: tokenId, token } = created.body;
    return { environmentId, tokenId, call: (method, url, options) => this.call(method, url, { token, ...options }) };
  }

  close(): Promise<void> {
    return this.nest.close();
  }
}

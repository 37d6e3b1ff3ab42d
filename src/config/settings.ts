import {
  addedHeaderName,
  addressRange,
  hostSuffix,
  listenAddress,
  portRange,
  proxyUrl,
  publicUrl,
  targetUrl,
} from './network-types.js';
import { boolean, duration, integer, list, oneOf, type SettingType, workerCount } from './setting-type.js';
import { bearerToken, directory, distinctKeys, encryptionKey, postgresUrl, signingSecret } from './storage-types.js';

export interface Circumstances {
  isProduction: boolean;
  isHttpAllowed: boolean;
}

export interface Setting<T> {
  name: string;
  type: SettingType<T>;
  /** In the form in which it would be set. null: it has no value unless it is set. */
  default: string | null | ((circumstances: Circumstances) => string);
  /** What happens while a setting without default is not set. */
  unset?: string;
  example?: string;
  description: string;
  /** Its value is shown nowhere, not even in the message that refuses it, and may be given as a file. */
  isSecret?: true;
}

/** One that looks tokens up, one that takes events in and sends them, and one for requests. */
export const LEAST_POOL_SIZE = 3;

/**
 * Every setting once. `Config`, .env.example and docs/configuration.md are made from this table (`npm run
 * docs:generate`). An empty value counts as given: it is a list without members, and else an error.
 */
export const SETTINGS = {
  nodeEnv: {
    name: 'NODE_ENV',
    type: oneOf('development', 'production', 'test'),
    default: 'development',
    description: '`production` takes the safe defaults and refuses egress settings that open everything.',
  },
  port: {
    name: 'PORT',
    type: integer({ min: 0, max: 65_535 }),
    default: '3000',
    description: 'The port to listen on; 0 takes any free one.',
  },
  host: {
    name: 'HOST',
    type: listenAddress(),
    default: ({ isProduction }) => (isProduction ? '0.0.0.0' : '127.0.0.1'),
    description: 'The address to listen on; `localhost` is 127.0.0.1.',
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    type: publicUrl(),
    default: null,
    unset: 'the address that it listens on',
    example: 'https://hooks.example.com',
    description:
      'Where clients reach Tidings, with the path that a proxy puts before all of its own. The OpenAPI documents name it as their server, and `Location` begins with it.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    type: list(addressRange()),
    default: null,
    unset: 'no proxy is trusted',
    example: '10.0.0.0/8',
    description:
      'The proxies whose forwarded addresses count. Without it all that comes through a proxy is one sender.',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    type: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    description: 'The least severe level that is logged.',
  },
  logRequests: {
    name: 'LOG_REQUESTS',
    type: oneOf('all', 'errors', 'none'),
    default: 'all',
    description:
      'Which requests have a line in the log, at level `info`: all, those that are answered with 400 or above, or none. Those that are asked by machines (`/health`, `/metrics`, publishing events) are at level `debug` while they succeed.',
  },
  workers: {
    name: 'WORKERS',
    type: workerCount({ max: 32 }),
    default: '1',
    description:
      'How many processes one start runs behind its port; `auto`: as many as there are cores, and at most one for three of DATABASE_POOL_SIZE. Above 1 only with DATABASE_URL. They share what one process may use (docs/operations.md).',
  },
  shutdownTimeoutMs: {
    name: 'SHUTDOWN_TIMEOUT',
    type: duration({ min: '0s', max: '10m' }),
    default: '20s',
    description: 'How long a stopping process waits for the requests and attempts in flight.',
  },
  shutdownDelayMs: {
    name: 'SHUTDOWN_DELAY',
    type: duration({ min: '0s', max: '10m' }),
    default: '0s',
    description:
      'How long a process that is told to stop says that it is not ready and still serves, so that a load balancer stops sending to it first. SHUTDOWN_TIMEOUT begins after it.',
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    type: postgresUrl(),
    default: null,
    unset: 'embedded PostgreSQL in DATA_DIR',
    example: 'postgres://tidings:<password>@localhost:5432/tidings',
    description: 'A PostgreSQL server, version 14 or newer. It makes ADMIN_TOKEN and ENCRYPTION_KEYS required.',
    isSecret: true,
  },
  databaseWaitMs: {
    name: 'DATABASE_WAIT',
    type: duration({ min: '0s', max: '1h' }),
    default: '60s',
    description:
      'How long a start waits for a database that cannot be reached yet. Meanwhile `/health/live` answers and `/health/ready` says 503.',
  },
  acceptWaitMs: {
    name: 'ACCEPT_WAIT',
    type: duration({ min: '0s', max: '1m' }),
    default: '5s',
    description:
      'How long a request that publishes events waits for a database that is away or slow: restarted, or failed over. Then it is answered 503; with 0 at once, or after 1.3 s without an answer of the database. If set above 0, it must be less than SHUTDOWN_TIMEOUT.',
  },
  migrateOnStart: {
    name: 'MIGRATE_ON_START',
    type: boolean(),
    default: 'true',
    description:
      'Whether a start brings the schema up to date. With false it refuses an older one: `npm run migrate` does it, by a role that owns the tables (docs/operations.md).',
  },
  databasePoolSize: {
    name: 'DATABASE_POOL_SIZE',
    type: integer({ min: LEAST_POOL_SIZE, max: 100, unit: 'connections' }),
    default: '10',
    description:
      'How many database connections one start has in its pools at most; WORKERS share them. On a server each process has one more, by which the others know that it lives.',
  },
  dataDir: {
    name: 'DATA_DIR',
    type: directory(),
    default: '.data',
    description: 'Holds the embedded database and the credentials made at first boot.',
  },
  adminToken: {
    name: 'ADMIN_TOKEN',
    type: bearerToken({ minLength: 32 }),
    default: null,
    unset: 'made at first boot into DATA_DIR/admin-token',
    example: '<what `openssl rand -hex 32` prints>',
    description: 'The bearer token of the administrator. All replicas need the same one.',
    isSecret: true,
  },
  encryptionKeys: {
    name: 'ENCRYPTION_KEYS',
    type: distinctKeys(list(encryptionKey(), { min: 1 })),
    default: null,
    unset: 'made at first boot into DATA_DIR/encryption-keys',
    example: 'k1:<what `openssl rand -base64 32` prints>',
    description:
      'Encrypt signing secrets at rest: the first key encrypts, all decrypt. All replicas need the same ones. docs/security.md tells how to change them.',
    isSecret: true,
  },
  egressAllow: {
    name: 'EGRESS_ALLOW',
    type: list(addressRange()),
    default: ({ isProduction }) => (isProduction ? '' : '127.0.0.0/8,::1/128'),
    description: 'Private addresses that targets may have. Production refuses ranges wider than the private ones.',
  },
  egressAllowHosts: {
    name: 'EGRESS_ALLOW_HOSTS',
    type: list(hostSuffix()),
    default: ({ isProduction }) => (isProduction ? '' : 'localhost'),
    description:
      'Host names, with all under them, freed from the rules for names; their addresses are still checked. Production refuses whole public suffixes, such as `com`.',
  },
  egressProxyUrl: {
    name: 'EGRESS_PROXY_URL',
    type: proxyUrl(),
    default: null,
    unset: 'receivers are connected to directly',
    example: 'http://proxy.internal:3128',
    description:
      'A forward proxy that all attempts go through. It resolves the names then, so which addresses may be reached is for it to check.',
    isSecret: true,
  },
  targetUrlAllowHttp: {
    name: 'TARGET_URL_ALLOW_HTTP',
    type: boolean(),
    default: ({ isProduction }) => (isProduction ? 'false' : 'true'),
    description: 'Whether targets may be `http://`.',
  },
  targetPorts: {
    name: 'TARGET_PORTS',
    type: list(portRange(), { min: 1 }),
    default: ({ isHttpAllowed }) => (isHttpAllowed ? '80,443,1024-65535' : '443,1024-65535'),
    description:
      'Ports that targets may have. 80 is a default only where TARGET_URL_ALLOW_HTTP is true. Production takes ports below 1024 one by one, not as ranges.',
  },
  maxEventBytes: {
    name: 'MAX_EVENT_BYTES',
    type: integer({ min: 2, max: 16_777_216, unit: 'bytes' }),
    default: '262144',
    description: 'The largest payload of an event, at most MAX_BODY_BYTES; above it 413.',
  },
  maxBodyBytes: {
    name: 'MAX_BODY_BYTES',
    type: integer({ min: 1024, max: 67_108_864, unit: 'bytes' }),
    default: '8388608',
    description: 'The largest request body; above it 413.',
  },
  attemptTimeoutMs: {
    name: 'ATTEMPT_TIMEOUT_MS',
    type: integer({ min: 100, max: 60_000, unit: 'ms' }),
    default: '15000',
    description: 'How long an attempt may take, from connecting to the end of the answer.',
  },
  retryScheduleMs: {
    name: 'RETRY_SCHEDULE',
    type: list(duration({ min: '0s', max: '30d' }), { max: 50 }),
    default: '5s,5m,30m,2h,5h,10h,10h',
    description: 'The waits before the retries of a delivery, each ±20 %. Empty: no retries.',
  },
  inFlightLimit: {
    name: 'IN_FLIGHT_LIMIT',
    type: integer({ min: 1, max: 10_000, unit: 'attempts' }),
    default: '1024',
    description:
      'How many deliveries one replica attempts at once, or holds until others to their webhook end; WORKERS share them.',
  },
  inFlightPerWebhook: {
    name: 'IN_FLIGHT_PER_WEBHOOK',
    type: integer({ min: 1, max: 1000, unit: 'attempts' }),
    default: '64',
    description:
      'How many attempts one replica makes at once for one webhook, and never more than it has free beside; WORKERS share them.',
  },
  signatureHeader: {
    name: 'SIGNATURE_HEADER',
    type: addedHeaderName(),
    default: 'X-Webhook-Signature',
    description:
      'The header that carries the body signature; not one that has a meaning of its own, such as Authorization.',
  },
  signatureEncoding: {
    name: 'SIGNATURE_ENCODING',
    type: oneOf('base64', 'hex'),
    default: 'base64',
    description: 'The encoding of the body signature.',
  },
  retentionDays: {
    name: 'RETENTION_DAYS',
    type: integer({ min: 1, max: 3650, unit: 'days' }),
    default: '30',
    description:
      'How many whole days events, deliveries and attempts are kept. A day of which a delivery is not finished stays until it is.',
  },
  eventRetentionDays: {
    name: 'EVENT_RETENTION_DAYS',
    type: integer({ min: 1, max: 3650, unit: 'days' }),
    default: null,
    unset: 'as RETENTION_DAYS',
    example: '7',
    description:
      'How many whole days events with their payloads are kept, at most RETENTION_DAYS. What became of their deliveries stays readable; sending one again is refused then.',
  },
  idempotencyWindowMs: {
    name: 'IDEMPOTENCY_WINDOW',
    type: duration({ min: '1s', max: '30d' }),
    default: '24h',
    description: 'How long an idempotency key is remembered at least.',
  },
  rateLimitPer10s: {
    name: 'RATE_LIMIT_PER_10S',
    type: integer({ min: 1, max: 1_000_000, unit: 'requests' }),
    default: '500',
    description:
      'How many requests one token may make in 10 seconds, to all replicas together (±20 %); publishing events is not counted. And how many requests of one sender are refused at once in 10 seconds, 50 at least; the answers to those beyond wait, 5 seconds at most.',
  },
  webhooksPerEnvironment: {
    name: 'WEBHOOKS_PER_ENVIRONMENT',
    type: integer({ min: 1, max: 1_000_000, unit: 'webhooks' }),
    default: '1000',
    description: 'How many webhooks an environment may have, the inactive ones included; above it 409.',
  },
  pendingDeliveriesPerEnvironment: {
    name: 'PENDING_DELIVERIES_PER_ENVIRONMENT',
    type: integer({ min: 1, max: 1_000_000_000, unit: 'deliveries' }),
    default: '10000000',
    description:
      'How many deliveries may be pending in an environment, those that wait for a retry included; while there are more, about, publishing is refused with 429.',
  },
  operatorWebhookUrl: {
    name: 'OPERATOR_WEBHOOK_URL',
    type: targetUrl(),
    default: null,
    unset: 'there are no operational events',
    example: 'https://example.com/tidings',
    description:
      'Where operational events are delivered: `webhook.disabled`, `delivery.failed` and `backlog.old` (docs/operations.md). The rules for targets hold for it too. All replicas need the same one.',
    isSecret: true,
  },
  operatorWebhookSecret: {
    name: 'OPERATOR_WEBHOOK_SECRET',
    type: signingSecret({ minLength: 24 }),
    default: null,
    unset: 'required with OPERATOR_WEBHOOK_URL',
    example: '<what `openssl rand -hex 32` prints>',
    description:
      'Signs operational events. After a change the one before it signs beside it for a day. All replicas need the same one.',
    isSecret: true,
  },
  operatorBacklogAgeMs: {
    name: 'OPERATOR_BACKLOG_AGE',
    type: duration({ min: '1s', max: '30d' }),
    default: '5m',
    description: 'How long the oldest delivery has been due when `backlog.old` tells of it.',
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S extends Setting<unknown>> =
  S['type'] extends SettingType<infer T> ? (S['default'] extends null ? T | null : T) : never;

export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export function defaultOf(setting: Setting<unknown>, circumstances: Circumstances): string | null {
  return typeof setting.default === 'function' ? setting.default(circumstances) : setting.default;
}

/** Docker and Kubernetes hand secrets out as files. */
export function fileVariableOf({ name, isSecret }: Setting<unknown>): string | null {
  return isSecret ? `${name}_FILE` : null;
}

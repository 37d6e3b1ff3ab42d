import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Config, ConfigError, loadConfig } from '../../src/config/config.js';
import { SETTINGS } from '../../src/config/settings.js';
import { shareOf } from '../../src/config/worker-share.js';
import { freedHostsRule } from '../../src/egress/freed-hosts-rule.js';
import { operatorTargetRule } from '../../src/egress/operator-target-rule.js';

const TOKEN = 'admin-token-of-thirty-two-chars-';
const KEY = randomBytes(32).toString('base64');
const SERVER = {
  DATABASE_URL: 'postgres://tidings:hidden@db:5432/tidings',
  ADMIN_TOKEN: TOKEN,
  ENCRYPTION_KEYS: `k1:${KEY}`,
};

function problemsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(errorOf(env).problems.map(({ name, reason }) => [name, reason]));
}

function errorOf(env: NodeJS.ProcessEnv): ConfigError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`the settings were taken: ${JSON.stringify(env)}`);
}

describe('loadConfig', () => {
  it('has the documented defaults in development', () => {
    expect({ ...Object.assign({}, loadConfig({})) }).toEqual({
      nodeEnv: 'development',
      port: 3000,
      host: '127.0.0.1',
      workers: 1,
      publicUrl: null,
      trustProxy: null,
      logLevel: 'info',
      logRequests: 'all',
      shutdownDelayMs: 0,
      shutdownTimeoutMs: 20_000,
      databaseUrl: null,
      databaseWaitMs: 60_000,
      acceptWaitMs: 5_000,
      migrateOnStart: true,
      databasePoolSize: 10,
      dataDir: resolve('.data'),
      adminToken: null,
      encryptionKeys: null,
      egressAllow: ['127.0.0.0/8', '::1/128'],
      egressAllowHosts: ['localhost'],
      egressProxyUrl: null,
      targetUrlAllowHttp: true,
      targetPorts: [
        { from: 80, to: 80 },
        { from: 443, to: 443 },
        { from: 1024, to: 65_535 },
      ],
      maxEventBytes: 262_144,
      maxBodyBytes: 8_388_608,
      attemptTimeoutMs: 15_000,
      retryScheduleMs: [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000],
      inFlightLimit: 1024,
      inFlightPerWebhook: 64,
      signatureHeader: 'X-Webhook-Signature',
      signatureEncoding: 'base64',
      retentionDays: 30,
      eventRetentionDays: null,
      idempotencyWindowMs: 86_400_000,
      rateLimitPer10s: 500,
      webhooksPerEnvironment: 1000,
      pendingDeliveriesPerEnvironment: 10_000_000,
      operatorWebhookUrl: null,
      operatorWebhookSecret: null,
      operatorBacklogAgeMs: 300_000,
    });
  });

  it('makes the safe choices in production', () => {
    const config = loadConfig({ NODE_ENV: 'production' });
    expect(config.isProduction).toBe(true);
    expect(config.host).toBe('0.0.0.0');
    expect(config.egressAllow).toEqual([]);
    expect(config.egressAllowHosts).toEqual([]);
    expect(config.targetUrlAllowHttp).toBe(false);
    expect(config.targetPorts).toEqual([
      { from: 443, to: 443 },
      { from: 1024, to: 65_535 },
    ]);
  });

  it('has the defaults of development under test', () => {
    const [test, development] = [loadConfig({ NODE_ENV: 'test' }), loadConfig({})];
    expect({ ...Object.assign({}, test), nodeEnv: 'development' }).toEqual({ ...Object.assign({}, development) });
    expect(test.isProduction).toBe(false);
  });

  it('opens port 80 by default only where http is allowed, and leaves given ports alone', () => {
    const http = { from: 80, to: 80 };
    expect(loadConfig({ NODE_ENV: 'production', TARGET_URL_ALLOW_HTTP: 'true' }).targetPorts).toContainEqual(http);
    expect(loadConfig({ TARGET_URL_ALLOW_HTTP: 'false' }).targetPorts).not.toContainEqual(http);
    expect(loadConfig({ TARGET_PORTS: '443' }).targetPorts).toEqual([{ from: 443, to: 443 }]);
  });

  it('names every bad setting in one error', () => {
    const error = errorOf({ PORT: 'abc', LOG_LEVEL: 'loud', ADMIN_TOKEN: 'short', RETRY_SCHEDULE: '5s,5x' });
    expect(error.problems.map(({ name }) => name).toSorted()).toEqual([
      'ADMIN_TOKEN',
      'LOG_LEVEL',
      'PORT',
      'RETRY_SCHEDULE',
    ]);
    for (const { name, reason } of error.problems) expect(error.message).toContain(`${name} ${reason}`);
    expect(error.message).toContain('"abc"');
  });

  it('names a bad value of every setting that has a form', () => {
    for (const { name } of Object.values(SETTINGS)) {
      expect(Object.keys(problemsOf({ [name]: '\0' }))).toContain(name);
    }
  });

  describe('with WORKERS', () => {
    it('takes a number, and for `auto` one for each core that has connections', () => {
      expect(loadConfig({ ...SERVER, WORKERS: '3' }).workers).toBe(3);
      expect(loadConfig({ ...SERVER, WORKERS: 'auto', DATABASE_POOL_SIZE: '5' }).workers).toBe(1);
      const { workers } = loadConfig({ ...SERVER, WORKERS: 'auto', DATABASE_POOL_SIZE: '96' });
      expect(workers).toBe(Math.min(32, availableParallelism()));
      for (const text of ['0', '33', '2.0', 'all', '']) {
        expect(problemsOf({ ...SERVER, WORKERS: text })).toHaveProperty('WORKERS');
      }
    });

    it('refuses several on the embedded engine, and limits of which not every worker gets a part', () => {
      expect(problemsOf({ WORKERS: '2' })['WORKERS']).toMatch(/^must be 1 without DATABASE_URL/);
      expect(loadConfig({ WORKERS: '1' }).workers).toBe(1);
      const limits = { DATABASE_POOL_SIZE: '11', IN_FLIGHT_LIMIT: '3', IN_FLIGHT_PER_WEBHOOK: '3' };
      expect(Object.keys(problemsOf({ ...SERVER, ...limits, WORKERS: '4' }))).toEqual(Object.keys(limits));
    });

    it('divides what one process may use, so that nothing is lost and nobody gets nothing', () => {
      const limits = { DATABASE_POOL_SIZE: '11', IN_FLIGHT_LIMIT: '100', IN_FLIGHT_PER_WEBHOOK: '64' };
      const config = loadConfig({ ...SERVER, ...limits, WORKERS: '3' });
      const shares = [1, 2, 3].map((worker) => shareOf(config, { worker, workers: 3 }));
      expect(shares.map(({ databasePoolSize }) => databasePoolSize)).toEqual([4, 4, 3]);
      expect(shares.map(({ inFlightLimit }) => inFlightLimit)).toEqual([34, 33, 33]);
      expect(shares.map(({ inFlightPerWebhook }) => inFlightPerWebhook)).toEqual([22, 21, 21]);
      expect(shares.map(({ rateLimitPer10s, workers }) => [rateLimitPer10s, workers])).toEqual(Array(3).fill([500, 3]));
    });
  });

  it('ignores variables that are no settings', () => {
    expect(() => loadConfig({ PATH: '/bin', TIDINGS: '', port: 'x' })).not.toThrow();
  });

  describe('an empty value', () => {
    it.each([
      ['EGRESS_ALLOW', 'egressAllow'],
      ['EGRESS_ALLOW_HOSTS', 'egressAllowHosts'],
      ['RETRY_SCHEDULE', 'retryScheduleMs'],
      ['TRUST_PROXY', 'trustProxy'],
    ] as const)('of %s is a list without members', (name, property) => {
      expect(loadConfig({ [name]: '' })[property]).toEqual([]);
    });

    const lists = new Set(['EGRESS_ALLOW', 'EGRESS_ALLOW_HOSTS', 'RETRY_SCHEDULE', 'TRUST_PROXY']);
    const others = Object.values(SETTINGS).filter(({ name }) => !lists.has(name));
    it.each(others.map(({ name }) => name))('of %s is an error', (name) => {
      expect(Object.keys(problemsOf({ [name]: '' }))).toContain(name);
    });
  });

  describe('takes', () => {
    it.each<[string, string, keyof Config, unknown]>([
      ['PORT', '0', 'port', 0],
      ['PORT', '65535', 'port', 65_535],
      ['HOST', '::', 'host', '::'],
      ['HOST', 'localhost', 'host', '127.0.0.1'],
      ['PUBLIC_URL', 'https://hooks.example.com', 'publicUrl', 'https://hooks.example.com'],
      ['PUBLIC_URL', 'HTTP://Example.com:80/tidings/', 'publicUrl', 'http://example.com/tidings'],
      ['TRUST_PROXY', '10.0.0.0/8, 192.168.1.7', 'trustProxy', ['10.0.0.0/8', '192.168.1.7/32']],
      ['SHUTDOWN_TIMEOUT', '500ms', 'shutdownTimeoutMs', 500],
      ['SHUTDOWN_DELAY', '10s', 'shutdownDelayMs', 10_000],
      ['DATABASE_WAIT', '2m', 'databaseWaitMs', 120_000],
      ['MIGRATE_ON_START', 'false', 'migrateOnStart', false],
      ['DATA_DIR', '/var/lib/tidings', 'dataDir', '/var/lib/tidings'],
      ['EGRESS_ALLOW', 'fd00::/8,::1', 'egressAllow', ['fd00::/8', '::1/128']],
      ['EGRESS_ALLOW', '0.0.0.0/0', 'egressAllow', ['0.0.0.0/0']],
      ['EGRESS_ALLOW_HOSTS', 'Internal, my_service', 'egressAllowHosts', ['internal', 'my_service']],
      ['EGRESS_ALLOW_HOSTS', 'B\u00fccher.Intern', 'egressAllowHosts', ['xn--bcher-kva.intern']],
      ['EGRESS_PROXY_URL', 'http://proxy:3128', 'egressProxyUrl', 'http://proxy:3128'],
      ['EGRESS_PROXY_URL', 'https://us%20er:pw@[::1]:3128/', 'egressProxyUrl', 'https://us%20er:pw@[::1]:3128/'],
      [
        'TARGET_PORTS',
        '443,8000-8999',
        'targetPorts',
        [
          { from: 443, to: 443 },
          { from: 8000, to: 8999 },
        ],
      ],
      ['ATTEMPT_TIMEOUT_MS', '100', 'attemptTimeoutMs', 100],
      ['ATTEMPT_TIMEOUT_MS', '60000', 'attemptTimeoutMs', 60_000],
      ['RETRY_SCHEDULE', '0s, 250ms,1d', 'retryScheduleMs', [0, 250, 86_400_000]],
      ['IDEMPOTENCY_WINDOW', '7d', 'idempotencyWindowMs', 604_800_000],
      ['SIGNATURE_HEADER', 'X-Hub-Signature-256', 'signatureHeader', 'X-Hub-Signature-256'],
      ['SIGNATURE_ENCODING', 'hex', 'signatureEncoding', 'hex'],
      ['ADMIN_TOKEN', TOKEN, 'adminToken', TOKEN],
      ['LOG_LEVEL', 'silent', 'logLevel', 'silent'],
      ['LOG_REQUESTS', 'errors', 'logRequests', 'errors'],
      ['OPERATOR_BACKLOG_AGE', '1s', 'operatorBacklogAgeMs', 1_000],
    ])('%s=%s', (name, text, property, value) => {
      expect(loadConfig({ [name]: text })[property]).toEqual(value);
    });
  });

  describe('refuses', () => {
    it.each([
      ['NODE_ENV', 'staging'],
      ['NODE_ENV', 'Production'],
      ['PORT', '65536'],
      ['PORT', '-1'],
      ['PORT', '3000.0'],
      ['PORT', '0x10'],
      ['PORT', '1e3'],
      ['PORT', ' 3000'],
      ['PORT', '03000'],
      ['HOST', 'http://localhost'],
      ['HOST', '1.2.3'],
      ['HOST', 'localhost:80'],
      ['TRUST_PROXY', 'true'],
      ['TRUST_PROXY', '1'],
      ['SHUTDOWN_TIMEOUT', '20'],
      ['SHUTDOWN_TIMEOUT', '11m'],
      ['DATABASE_POOL_SIZE', '2'],
      ['DATABASE_POOL_SIZE', '101'],
      ['DATA_DIR', ' '],
      ['EGRESS_ALLOW', '*'],
      ['EGRESS_ALLOW', '10.0.0.0/33'],
      ['EGRESS_ALLOW', '10.0.0.0/'],
      ['EGRESS_ALLOW', '10.0.0.0/08'],
      ['EGRESS_ALLOW', '10.0.0.0/8/8'],
      ['EGRESS_ALLOW', '10.1.2.3/8'],
      ['EGRESS_ALLOW', '010.0.0.0/8'],
      ['EGRESS_ALLOW', '10.0.0.0/8,,::1'],
      ['EGRESS_ALLOW', 'fd00::/129'],
      ['EGRESS_ALLOW', 'fe80::1%eth0'],
      ['EGRESS_ALLOW', 'localhost'],
      ['EGRESS_ALLOW_HOSTS', '*'],
      ['EGRESS_ALLOW_HOSTS', '*.internal'],
      ['EGRESS_ALLOW_HOSTS', '.internal'],
      ['EGRESS_ALLOW_HOSTS', 'internal.'],
      ['EGRESS_ALLOW_HOSTS', 'internal:80'],
      ['EGRESS_ALLOW_HOSTS', 'b\u00fccher.intern:80'],
      ['EGRESS_ALLOW_HOSTS', 'b\u00fccher.intern/in'],
      ['EGRESS_ALLOW_HOSTS', '*.b\u00fccher.intern'],
      ['EGRESS_ALLOW_HOSTS', '127.0.0.1'],
      ['PUBLIC_URL', 'hooks.example.com'],
      ['PUBLIC_URL', '/tidings'],
      ['PUBLIC_URL', 'https:hooks.example.com'],
      ['PUBLIC_URL', 'https://name@hooks.example.com'],
      ['PUBLIC_URL', 'https://hooks.example.com/?a=b'],
      ['PUBLIC_URL', 'https://hooks.example.com/#a'],
      ['PUBLIC_URL', ''],
      ['EGRESS_PROXY_URL', 'proxy:3128'],
      ['EGRESS_PROXY_URL', 'socks5://proxy:1080'],
      ['EGRESS_PROXY_URL', 'http://'],
      ['EGRESS_PROXY_URL', 'http://proxy/path'],
      ['EGRESS_PROXY_URL', 'http://proxy?a=b'],
      ['EGRESS_PROXY_URL', 'http://us%er@proxy'],
      ['TARGET_URL_ALLOW_HTTP', 'yes'],
      ['TARGET_URL_ALLOW_HTTP', 'TRUE'],
      ['TARGET_PORTS', '0'],
      ['TARGET_PORTS', '1-65536'],
      ['TARGET_PORTS', '2000-1000'],
      ['TARGET_PORTS', '80-'],
      ['MAX_EVENT_BYTES', '1'],
      ['MAX_EVENT_BYTES', '256KiB'],
      ['MAX_BODY_BYTES', '1023'],
      ['ATTEMPT_TIMEOUT_MS', '99'],
      ['ATTEMPT_TIMEOUT_MS', '60001'],
      ['RETRY_SCHEDULE', '5'],
      ['RETRY_SCHEDULE', '5s,'],
      ['RETRY_SCHEDULE', '-5s'],
      ['RETRY_SCHEDULE', '1.5h'],
      ['RETRY_SCHEDULE', '31d'],
      ['RETRY_SCHEDULE', Array<string>(51).fill('1s').join(',')],
      ['IN_FLIGHT_LIMIT', '0'],
      ['IN_FLIGHT_LIMIT', '10001'],
      ['IN_FLIGHT_PER_WEBHOOK', '1001'],
      ['SIGNATURE_HEADER', 'X Signature'],
      ['SIGNATURE_HEADER', 'X-Signature:'],
      ['SIGNATURE_ENCODING', 'base64url'],
      ['RETENTION_DAYS', '0'],
      ['EVENT_RETENTION_DAYS', '0'],
      ['IDEMPOTENCY_WINDOW', '0s'],
      ['RATE_LIMIT_PER_10S', '0'],
      ['WEBHOOKS_PER_ENVIRONMENT', '0'],
      ['LOG_LEVEL', 'verbose'],
      ['OPERATOR_WEBHOOK_URL', 'example.com/tidings'],
      ['OPERATOR_WEBHOOK_URL', 'ftp://example.com/'],
      ['OPERATOR_WEBHOOK_SECRET', 'x'.repeat(23)],
      ['OPERATOR_WEBHOOK_SECRET', 'a secret with spaces in it'],
      ['OPERATOR_BACKLOG_AGE', '0s'],
    ])('%s=%s', (name, text) => {
      expect(Object.keys(problemsOf({ [name]: text }))).toEqual([name]);
    });
  });

  describe('the header of the body signature', () => {
    it.each([
      ['what the request has', ['Host', 'User-Agent', 'Accept', 'Content-Type', 'Content-Length', 'webhook-signature']],
      ['the connection', ['Connection', 'Keep-Alive', 'Transfer-Encoding', 'TE', 'Trailer', 'Upgrade', 'Expect']],
      ['the content', ['Content-Encoding', 'content-digest', 'Content-Anything']],
      ['credentials', ['Authorization', 'AUTHORIZATION', 'Cookie', 'Set-Cookie', 'Proxy-Authorization', 'Origin']],
      ['proxies', ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'Via', 'X-Real-IP', 'Proxy-Connection']],
      ['conditions and caches', ['If-Match', 'If-Modified-Since', 'Range', 'Cache-Control', 'Date', 'Accept-Language']],
      ['another method or path', ['X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-URL']],
      ['Standard Webhooks', ['webhook-id', 'Webhook-Timestamp', 'webhook-other']],
      ['traces and repeats', ['traceparent', 'X-Request-Id', 'Idempotency-Key']],
    ])('is never one of %s, in any mode', (_, names) => {
      for (const SIGNATURE_HEADER of names) {
        for (const NODE_ENV of ['development', 'production', 'test']) {
          const { SIGNATURE_HEADER: reason } = problemsOf({ NODE_ENV, SIGNATURE_HEADER });
          expect([SIGNATURE_HEADER, reason]).toEqual([SIGNATURE_HEADER, expect.stringContaining('meaning of its own')]);
        }
      }
    });

    it.each([
      'X-Webhook-Signature',
      'X-Hub-Signature-256',
      'Stripe-Signature',
      'X-Signature',
      'Signature',
      'X-Hook-Signature',
      'X-Auth',
      'Contentful-Signature',
      'X-Webhook-Id',
    ])('may be %s, as other platforms have it', (SIGNATURE_HEADER) => {
      expect(loadConfig({ NODE_ENV: 'production', SIGNATURE_HEADER }).signatureHeader).toBe(SIGNATURE_HEADER);
    });
  });

  describe('the largest event', () => {
    it('must fit into the largest body', () => {
      const { MAX_EVENT_BYTES } = problemsOf({ MAX_EVENT_BYTES: '2049', MAX_BODY_BYTES: '2048' });
      expect(MAX_EVENT_BYTES).toContain('must be at most MAX_BODY_BYTES, which is 2048 bytes');
      expect(Object.keys(problemsOf({ MAX_EVENT_BYTES: '8388609' }))).toEqual(['MAX_EVENT_BYTES']);
      expect(loadConfig({ MAX_EVENT_BYTES: '2048', MAX_BODY_BYTES: '2048' }).maxEventBytes).toBe(2048);
    });

    it('need not be given with a smaller body', () => {
      expect(loadConfig({ MAX_BODY_BYTES: '2048' }).maxBodyBytes).toBe(2048);
    });

    it('is held against nothing while either is bad in itself', () => {
      const env = { MAX_EVENT_BYTES: '4096', MAX_BODY_BYTES: '1' };
      expect(Object.keys(problemsOf(env))).toEqual(['MAX_BODY_BYTES']);
    });
  });

  describe('the wait of requests that publish', () => {
    it('must be over before a stop cuts them off', () => {
      const reason =
        'must be less than SHUTDOWN_TIMEOUT, which is 20s, not 20s: a stop would cut off requests that still wait';
      expect(problemsOf({ ACCEPT_WAIT: '20s' })).toEqual({ ACCEPT_WAIT: reason });
      expect(Object.keys(problemsOf({ ACCEPT_WAIT: '3s', SHUTDOWN_TIMEOUT: '2s' }))).toEqual(['ACCEPT_WAIT']);
      expect(loadConfig({ ACCEPT_WAIT: '19s' }).acceptWaitMs).toBe(19_000);
      expect(loadConfig({ ACCEPT_WAIT: '1m', SHUTDOWN_TIMEOUT: '2m' }).acceptWaitMs).toBe(60_000);
    });

    it('need not be given with a shorter stop, and none is none', () => {
      expect(loadConfig({ SHUTDOWN_TIMEOUT: '0s' }).acceptWaitMs).toBe(5_000);
      expect(loadConfig({ ACCEPT_WAIT: '0s', SHUTDOWN_TIMEOUT: '0s' }).acceptWaitMs).toBe(0);
    });
  });

  describe('the retention of events', () => {
    it('is at most that of their deliveries', () => {
      const { EVENT_RETENTION_DAYS } = problemsOf({ EVENT_RETENTION_DAYS: '8', RETENTION_DAYS: '7' });
      expect(EVENT_RETENTION_DAYS).toContain('must be at most RETENTION_DAYS, which is 7 days, not 8');
      expect(Object.keys(problemsOf({ EVENT_RETENTION_DAYS: '31' }))).toEqual(['EVENT_RETENTION_DAYS']);
      expect(loadConfig({ EVENT_RETENTION_DAYS: '7', RETENTION_DAYS: '7' }).eventRetentionDays).toBe(7);
    });

    it('is held against nothing while the other is bad in itself', () => {
      expect(Object.keys(problemsOf({ EVENT_RETENTION_DAYS: '31', RETENTION_DAYS: '0' }))).toEqual(['RETENTION_DAYS']);
    });
  });

  describe('the webhook of the operator', () => {
    const OPERATOR_WEBHOOK_URL = 'https://example.com/tidings?key=hidden';
    const OPERATOR_WEBHOOK_SECRET = 'x'.repeat(24);

    it('needs a secret, and is taken as written with one', () => {
      const { OPERATOR_WEBHOOK_SECRET: reason } = problemsOf({ OPERATOR_WEBHOOK_URL });
      expect(reason).toContain('is required with OPERATOR_WEBHOOK_URL');
      expect(loadConfig({ OPERATOR_WEBHOOK_URL, OPERATOR_WEBHOOK_SECRET })).toMatchObject({
        operatorWebhookUrl: OPERATOR_WEBHOOK_URL,
        operatorWebhookSecret: OPERATOR_WEBHOOK_SECRET,
      });
    });

    it('may have its scheme in capitals, and its host in Unicode', () => {
      const url = 'HTTPS://b\u00fccher.example.com/in';
      const env = { OPERATOR_WEBHOOK_URL: url, OPERATOR_WEBHOOK_SECRET };
      expect(loadConfig(env, [operatorTargetRule]).operatorWebhookUrl).toBe(url);
    });

    it('may be taken away while its secret stays', () => {
      expect(loadConfig({ OPERATOR_WEBHOOK_SECRET }).operatorWebhookUrl).toBeNull();
    });

    it('is named once when its secret is bad in itself', () => {
      const { problems } = errorOf({ OPERATOR_WEBHOOK_URL, OPERATOR_WEBHOOK_SECRET: 'short' });
      expect(problems.map(({ name }) => name)).toEqual(['OPERATOR_WEBHOOK_SECRET']);
    });

    it.each([
      ['http://example.com/?key=hidden', 'https'],
      ['https://10.0.0.1/?key=hidden', 'address'],
      ['https://user:hidden@example.com/', 'credentials'],
      ['https://tidings.internal/?key=hidden', 'reserved'],
      ['https://example.com:25/?key=hidden', 'port'],
    ])('is held to the rules for targets, and %s is not shown', (url, rule) => {
      const env = { NODE_ENV: 'production', OPERATOR_WEBHOOK_URL: url, OPERATOR_WEBHOOK_SECRET };
      expect(() => loadConfig(env, [operatorTargetRule])).toThrow(`(rule: ${rule}`);
      expect(() => loadConfig(env, [operatorTargetRule])).not.toThrow('hidden');
      const open = { EGRESS_ALLOW: '10.0.0.0/8', EGRESS_ALLOW_HOSTS: 'internal', TARGET_URL_ALLOW_HTTP: 'true' };
      const verdict = rule === 'credentials' || rule === 'port' ? 'refused' : 'taken';
      const load = () => loadConfig({ ...env, ...open }, [operatorTargetRule]);
      if (verdict === 'taken') expect(load().operatorWebhookUrl).toBe(url);
      else expect(load).toThrow(`(rule: ${rule}`);
    });

    it('is held against no rules while those cannot be read', () => {
      const env = { OPERATOR_WEBHOOK_URL: 'https://10.0.0.1/', OPERATOR_WEBHOOK_SECRET, EGRESS_ALLOW: '*' };
      expect(() => loadConfig(env, [operatorTargetRule])).toThrow(/EGRESS_ALLOW member 1/);
      expect(() => loadConfig(env, [operatorTargetRule])).not.toThrow('OPERATOR_WEBHOOK_URL');
    });
  });

  describe('with a database server', () => {
    it.each(['development', 'production', 'test'])('needs the two keys in %s', (NODE_ENV) => {
      const { DATABASE_URL, ADMIN_TOKEN, ENCRYPTION_KEYS } = SERVER;
      expect(Object.keys(problemsOf({ NODE_ENV, DATABASE_URL }))).toEqual(['ADMIN_TOKEN', 'ENCRYPTION_KEYS']);
      expect(Object.keys(problemsOf({ NODE_ENV, DATABASE_URL, ADMIN_TOKEN }))).toEqual(['ENCRYPTION_KEYS']);
      expect(Object.keys(problemsOf({ NODE_ENV, DATABASE_URL, ENCRYPTION_KEYS }))).toEqual(['ADMIN_TOKEN']);
      expect(loadConfig({ NODE_ENV, ...SERVER }).encryptionKeys).toEqual([
        { id: 'k1', key: Buffer.from(KEY, 'base64') },
      ]);
    });

    it('names a bad key once', () => {
      expect(errorOf({ ...SERVER, ADMIN_TOKEN: 'short' }).problems).toHaveLength(1);
    });

    it.each([
      'postgresql://tidings@db/tidings?sslmode=require',
      'postgres://tidings:a%40b@[::1]:6432/tidings',
      'postgres://tidings@%2Fvar%2Frun%2Fpostgresql/tidings',
      'postgres:///tidings?host=/var/run/postgresql',
    ])('takes %s as written', (DATABASE_URL) => {
      expect(loadConfig({ ...SERVER, DATABASE_URL }).databaseUrl).toBe(DATABASE_URL);
    });

    it.each([
      'mysql://db/tidings',
      'db:5432',
      'postgres://',
      'postgres:db',
      'postgres://db:99999/x',
      ' postgres://db/x',
    ])('refuses %s', (DATABASE_URL) => {
      expect(Object.keys(problemsOf({ ...SERVER, DATABASE_URL }))).toEqual(['DATABASE_URL']);
    });
  });

  describe('in production', () => {
    const NODE_ENV = 'production';

    it.each([
      '0.0.0.0/0',
      '::/0',
      '0.0.0.0/1',
      '128.0.0.0/1',
      '::/1',
      '8000::/1',
      '::/8',
      '::ffff:0:0/96',
      '::ffff:0.0.0.0/97',
      '0:0:0:0:0:ffff::/95',
      '2002::/16',
      '2002:8000::/17',
    ])('refuses %s, which opens everything', (range) => {
      const problems = problemsOf({ NODE_ENV, EGRESS_ALLOW: `10.0.0.0/8,${range}` });
      expect(Object.keys(problems)).toEqual(['EGRESS_ALLOW']);
      expect(problems['EGRESS_ALLOW']).toContain(range);
    });

    it.each(['*', '*.*.*.*', '0/0', 'all'])('refuses %s for addresses', (EGRESS_ALLOW) => {
      expect(Object.keys(problemsOf({ NODE_ENV, EGRESS_ALLOW }))).toEqual(['EGRESS_ALLOW']);
    });

    it.each(['*', '*.*', '.', 'localhost,*'])('refuses %s for host names', (EGRESS_ALLOW_HOSTS) => {
      expect(Object.keys(problemsOf({ NODE_ENV, EGRESS_ALLOW_HOSTS }))).toEqual(['EGRESS_ALLOW_HOSTS']);
    });

    it.each(['com', 'COM', 'org', 'uk', 'co.uk', 'com.au', 'app', 'dev', 'ck', 'xn--p1ai', 'corp,com'])(
      'refuses %s, a public suffix, for host names, and takes it elsewhere',
      (EGRESS_ALLOW_HOSTS) => {
        const load = (mode: string) => () => loadConfig({ NODE_ENV: mode, EGRESS_ALLOW_HOSTS }, [freedHostsRule]);
        const suffix = EGRESS_ALLOW_HOSTS.toLowerCase().split(',').at(-1)!;
        expect(load('production')).toThrow(`EGRESS_ALLOW_HOSTS must not hold ${suffix} in production`);
        expect(load('development')).not.toThrow();
        expect(load('productoin')).toThrow('EGRESS_ALLOW_HOSTS must not hold');
      },
    );

    it.each([
      'internal',
      'corp',
      'lan',
      'home.arpa',
      'localhost',
      'local',
      'my_service',
      'receiver',
      'hooks.corp',
      'example.com',
      'hooks.example.co.uk',
      'github.io',
    ])('takes %s for host names', (EGRESS_ALLOW_HOSTS) => {
      const config = loadConfig({ NODE_ENV, EGRESS_ALLOW_HOSTS }, [freedHostsRule]);
      expect(config.egressAllowHosts).toEqual([EGRESS_ALLOW_HOSTS]);
    });

    it.each(['1-65535', '443,22-23', '1023-1024'])('refuses %s for ports, a range below 1024', (TARGET_PORTS) => {
      expect(Object.keys(problemsOf({ NODE_ENV, TARGET_PORTS }))).toEqual(['TARGET_PORTS']);
    });

    it('takes ports below 1024 one by one', () => {
      const TARGET_PORTS = '80,443,1024-65535';
      expect(loadConfig({ NODE_ENV, TARGET_PORTS }).targetPorts).toContainEqual({ from: 80, to: 80 });
    });

    it.each([
      '10.0.0.0/8',
      '172.16.0.0/12',
      'fc00::/7',
      '::1/128',
      '::ffff:10.0.0.0/104',
      '2002:a00::/24',
      '64:ff9b::/96',
    ])('takes %s, no wider than a private range', (EGRESS_ALLOW) => {
      expect(loadConfig({ NODE_ENV, EGRESS_ALLOW }).egressAllow).toEqual([EGRESS_ALLOW]);
    });
  });

  it('holds an unknown NODE_ENV to the rules of production', () => {
    const problems = problemsOf({ NODE_ENV: 'prod', EGRESS_ALLOW: '0.0.0.0/0' });
    expect(Object.keys(problems).toSorted()).toEqual(['EGRESS_ALLOW', 'NODE_ENV']);
  });

  describe('encryption keys', () => {
    it('keep their order and their bytes', () => {
      const [first, second] = [randomBytes(32), randomBytes(32)];
      const { encryptionKeys } = loadConfig({
        ENCRYPTION_KEYS: `2026-01:${first.toString('base64')}, old:${second.toString('base64').replace('=', '')}`,
      });
      expect(encryptionKeys).toEqual([
        { id: '2026-01', key: first },
        { id: 'old', key: second },
      ]);
    });

    it.each([
      ['no id', KEY],
      ['an empty id', `:${KEY}`],
      ['an id with a space', `k 1:${KEY}`],
      ['31 bytes', `k1:${randomBytes(31).toString('base64')}`],
      ['33 bytes', `k1:${randomBytes(33).toString('base64')}`],
      ['text that is not base64', `k1:${KEY.slice(0, -4)}!!!=`],
      ['hexadecimal', `k1:${randomBytes(32).toString('hex')}`],
      ['bits beyond the last byte', `k1:${'A'.repeat(42)}B=`],
      ['one id twice', `k1:${KEY},k1:${randomBytes(32).toString('base64')}`],
      ['an empty member', `k1:${KEY},`],
    ])('are refused with %s', (_, ENCRYPTION_KEYS) => {
      expect(Object.keys(problemsOf({ ENCRYPTION_KEYS }))).toEqual(['ENCRYPTION_KEYS']);
    });
  });

  describe('the admin token', () => {
    it.each([
      ['31 characters', 'x'.repeat(31)],
      ['1025 characters', 'x'.repeat(1025)],
      ['a space', `${TOKEN} ${TOKEN}`],
      ['a letter outside ASCII', `${TOKEN}é`],
    ])('is refused with %s', (_, ADMIN_TOKEN) => {
      expect(Object.keys(problemsOf({ ADMIN_TOKEN }))).toEqual(['ADMIN_TOKEN']);
    });
  });

  it('shows no value of a secret', () => {
    const canary = 'canary-5e1f';
    const { message } = errorOf({
      DATABASE_URL: `mysql://user:${canary}@db/x`,
      ADMIN_TOKEN: canary,
      ENCRYPTION_KEYS: `${canary}:${canary},${canary}`,
      LOG_LEVEL: 'visible-4c2b',
    });
    expect(message).not.toContain(canary);
    expect(message).toContain('visible-4c2b');
  });
});

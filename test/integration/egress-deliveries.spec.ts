import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { loadConfig } from '../../src/config/config.js';
import { AddressResolver, DnsAddressResolver } from '../../src/egress/address-resolver.js';
import { targetPolicyOf } from '../../src/egress/target-url-policy.js';
import { startReplica, type TestReplica } from '../support/app.js';
import type { ApiErrorBody, Delivery, DeliveryDetail, Page } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { NameServer } from '../support/name-server.js';
import { forwardProxy } from '../support/forward-proxy.js';
import { Receiver } from '../support/receiver.js';
import { useServers } from '../support/servers.js';
import { TARGET_URL_CASES, type TargetUrlCase } from '../support/target-url-cases.js';
import { until } from '../support/wait.js';

const casesOf = (verdict: TargetUrlCase['verdict']): TargetUrlCase[] =>
  TARGET_URL_CASES.filter((entry) => entry.verdict === verdict);

const PRODUCTION = { NODE_ENV: 'production' };

/** What is meant to be out of reach: counts the connections that it gets. */
class Canary {
  connections = 0;
  private readonly server: Server = createServer((socket) => {
    this.connections += 1;
    socket.destroy();
  });

  /** @param host by default every address that the machine has. */
  static async start(port = 0, host?: string): Promise<Canary> {
    const canary = new Canary();
    canary.server.listen(port, host);
    await once(canary.server, 'listening');
    return canary;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }
}

/** One environment of one replica. */
class Tenant {
  private constructor(
    private readonly replica: TestReplica,
    private readonly environmentId: string,
  ) {}

  static async of(replica: TestReplica): Promise<Tenant> {
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'test', allow_duplicate_name: true },
    });
    return new Tenant(replica, body.id);
  }

  create(targetUrl: string): Promise<{ status: number; body: ApiErrorBody & { id: string } }> {
    return this.call('POST', '/webhook', { target_url: targetUrl });
  }

  async createWebhook(targetUrl: string): Promise<string> {
    const { status, body } = await this.create(targetUrl);
    expect({ targetUrl, status }).toEqual({ targetUrl, status: 201 });
    return body.id;
  }

  async publish(): Promise<void> {
    const { status } = await this.call('POST', '/event', { event_type: 'record:created', payload: {} });
    expect(status).toBe(202);
  }

  /** The error of each attempt, by webhook, once every webhook has had so many. */
  async errors(webhooks: number, attempts = 1): Promise<Map<string, (string | number | null)[]>> {
    const details = await this.deliveries(webhooks, attempts);
    return new Map(
      details.map(({ webhook_id: id, attempts: made }) => [
        id,
        // A retry may follow meanwhile.
        made.slice(0, attempts).map(({ error, response }) => error ?? response?.status ?? null),
      ]),
    );
  }

  /** The newest first, once there are so many, and each has had so many attempts. */
  async deliveries(count: number, attempts = 1): Promise<DeliveryDetail[]> {
    const deliveries = await until('the attempts', async () => {
      const { result = [] } = (await this.call<Partial<Page<Delivery>>>('GET', '/delivery?limit=1000')).body;
      return result.length === count && result.every((delivery) => delivery.attempt_count >= attempts) && result;
    });
    return Promise.all(
      deliveries.map(({ id }) =>
        until('the delivery', async () => {
          const { status, body } = await this.call<DeliveryDetail>('GET', `/delivery/${id}`);
          return status === 200 && body;
        }),
      ),
    );
  }

  private call<Body>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: Body }> {
    return this.replica.call(method, path, { environmentId: this.environmentId, body });
  }
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

describe('under the production policy', () => {
  const addresses = new Map<string, string[]>();
  let replica: TestReplica;
  let canaries: Canary[];

  beforeAll(async () => {
    class TableResolver extends AddressResolver {
      async resolve(hostname: string): Promise<string[]> {
        return addresses.get(hostname) ?? [];
      }
    }
    replica = await startReplica(database, { ...PRODUCTION, RETRY_SCHEDULE: '' }, new TableResolver());
    canaries = [await Canary.start(), await Canary.start()];
  });

  afterAll(async () => {
    await replica.close();
    for (const canary of canaries) await canary.close();
  });

  const canaryConnections = (): number => canaries.reduce((sum, { connections }) => sum + connections, 0);

  it('holds for all cases', () => {
    const count = (verdict: TargetUrlCase['verdict']): number => casesOf(verdict).length;
    expect([count('reject-at-create'), count('reject-at-connect'), count('allow')]).toEqual([67, 15, 6]);
    expect(TARGET_URL_CASES).toHaveLength(88);
  });

  it.each(casesOf('reject-at-create'))('POST /webhook refuses $url: $why', async ({ url }) => {
    const tenant = await Tenant.of(replica);
    const { status, body } = await tenant.create(url);
    // NUL is refused in every text, before anyone looks at what the text is for.
    const code = url.includes('\0') ? 'VALIDATION_FAILED' : 'TARGET_URL_NOT_ALLOWED';
    expect({ status, code: body.code }).toEqual({ status: 400, code });
    expect(body.message).toMatch(/must /);
  });

  it.each(casesOf('allow'))('POST /webhook takes $url: $why', async ({ url }) => {
    const tenant = await Tenant.of(replica);
    await tenant.createWebhook(url);
  });

  it('a delivery to a name with a refused address fails with blocked_address and reaches nothing', async () => {
    const tenant = await Tenant.of(replica);
    const expected = new Map<string, string[]>();
    for (const { url, resolves_to: answer } of casesOf('reject-at-connect')) {
      for (const { port } of canaries) {
        const target = new URL(url);
        target.port = String(port);
        addresses.set(target.hostname, [answer!].flat());
        expected.set(await tenant.createWebhook(target.href), ['blocked_address']);
      }
    }
    await tenant.publish();
    expect(await tenant.errors(expected.size)).toEqual(expected);
    expect(canaryConnections()).toBe(0);
  });

  it("a delivery to a name with one of the machine's own addresses fails so, too", async () => {
    const tenant = await Tenant.of(replica);
    const own = Object.values(networkInterfaces()).flatMap((interfaces = []) => interfaces);
    const expected = new Map<string, string[]>();
    for (const [index, { address }] of own.entries()) {
      addresses.set(`own-${index}.example.com`, [address]);
      const target = `https://own-${index}.example.com:${canaries[0]!.port}/`;
      expected.set(await tenant.createWebhook(target), ['blocked_address']);
    }
    await tenant.publish();
    expect(await tenant.errors(expected.size)).toEqual(expected);
    expect(canaryConnections()).toBe(0);
  });
});

describe('DNS', () => {
  const settings = {
    ...PRODUCTION,
    EGRESS_ALLOW: '127.0.0.1/32',
    TARGET_URL_ALLOW_HTTP: 'true',
    // Longer than an answer is kept.
    RETRY_SCHEDULE: '3s',
  };
  let replica: TestReplica;
  let names: NameServer;
  let receiver: Receiver;
  /** On the receiver's port of an address that is not allowed. */
  let canary: Canary;

  beforeAll(async () => {
    names = await new NameServer().start();
    const policy = targetPolicyOf(loadConfig(settings));
    replica = await startReplica(database, settings, new DnsAddressResolver(policy, { nameServers: [names.address] }));
    receiver = await Receiver.start();
    canary = await Canary.start(receiver.port, '127.0.0.2');
  });

  afterAll(async () => {
    await replica.close();
    await receiver.close();
    await canary.close();
    await names.close();
  });

  beforeEach(() => receiver.clear());

  const targetOf = (name: string): string => `http://${name}:${receiver.port}/`;
  const closing = (status: number) => ({ status, headers: { connection: 'close' } });

  it('is not asked at create', async () => {
    const tenant = await Tenant.of(replica);
    await tenant.createWebhook(targetOf('created.example.com'));
    expect(names.questions).toEqual([]);
  });

  it('gets no delivery by moving a name between create and delivery', async () => {
    const tenant = await Tenant.of(replica);
    names.names['moved.example.com'] = { a: ['127.0.0.1'] };
    const id = await tenant.createWebhook(targetOf('moved.example.com'));
    names.names['moved.example.com'] = { a: ['127.0.0.2'] };
    await tenant.publish();
    expect((await tenant.errors(1)).get(id)).toEqual(['blocked_address']);
    expect([receiver.requests.length, canary.connections]).toEqual([0, 0]);
  });

  it('gets no delivery by moving a name between two attempts', async () => {
    const tenant = await Tenant.of(replica);
    receiver.respondWith([closing(500)]);
    names.names['moving.example.com'] = { a: ['127.0.0.1'] };
    const id = await tenant.createWebhook(targetOf('moving.example.com'));
    await tenant.publish();
    await receiver.waitFor(1);
    names.names['moving.example.com'] = { a: ['127.0.0.2'] };
    expect((await tenant.errors(1, 2)).get(id)).toEqual([500, 'blocked_address']);
    expect([receiver.requests.length, canary.connections]).toEqual([1, 0]);
  });

  it('a host in Unicode is kept as written, and asked for and spoken to by its ASCII form', async () => {
    const tenant = await Tenant.of(replica);
    receiver.respondWith([200]);
    names.names['xn--strae-oqa.example.com'] = { a: ['127.0.0.1'] };
    const target = targetOf('Stra\u00dfe.example.com').replace('http:', 'HTTP:');
    const { body } = await tenant.create(target);
    expect(body).toMatchObject({ target_url: target });
    await tenant.publish();
    const [delivery] = await tenant.deliveries(1);
    expect(delivery!.attempts).toMatchObject([{ request: { url: target }, response: { status: 200 } }]);
    const [request] = receiver.requests;
    expect(request!.headers).toMatchObject({ host: `xn--strae-oqa.example.com:${receiver.port}`, accept: '*/*' });
  });

  it('a host in Unicode gets no delivery at an address that its ASCII form may not lead to', async () => {
    const tenant = await Tenant.of(replica);
    names.names['xn--bcher-kva.example.com'] = { a: ['127.0.0.2'] };
    const id = await tenant.createWebhook(targetOf('b\u00fccher.example.com'));
    await tenant.publish();
    expect((await tenant.errors(1)).get(id)).toEqual(['blocked_address']);
    expect([receiver.requests.length, canary.connections]).toEqual([0, 0]);
  });

  it('a request that met a closed connection and was sent again is one attempt, which says so', async () => {
    const tenant = await Tenant.of(replica);
    receiver.respondWith([200, 'reset', 200]);
    names.names['closing.example.com'] = { a: ['127.0.0.1'] };
    await tenant.createWebhook(targetOf('closing.example.com'));
    await tenant.publish();
    await tenant.deliveries(1);
    await tenant.publish();
    const [second, first] = await tenant.deliveries(2);
    expect(first!.attempts).toMatchObject([{ outcome: 'succeeded', timings: { stale_connection_ms: null } }]);
    const timings = { stale_connection_ms: expect.any(Number), connect_ms: expect.any(Number) };
    expect(second!.attempts).toMatchObject([{ outcome: 'succeeded', timings }]);
    // The same bytes under the same signature: a receiver that saw both takes the second for a duplicate.
    const [, met, again] = receiver.requests;
    expect({ headers: again!.headers, body: again!.body }).toEqual({ headers: met!.headers, body: met!.body });
    expect(receiver.requests).toHaveLength(3);
  });

  it.each([
    ['two addresses of one family', { a: ['127.0.0.1', '127.0.0.2'] }, 'blocked_address'],
    ['addresses of both families', { a: ['127.0.0.1'], aaaa: ['::1'] }, 'blocked_address'],
    ['no name', undefined, 'dns_error'],
    ['no address', {}, 'dns_error'],
    ['a failure', { fails: true as const }, 'dns_error'],
  ])('that answers %s gets no delivery', async (what, records, error) => {
    const tenant = await Tenant.of(replica);
    const name = `${what.replaceAll(' ', '-')}.example.com`;
    if (records) names.names[name] = records;
    const id = await tenant.createWebhook(targetOf(name));
    await tenant.publish();
    expect((await tenant.errors(1)).get(id)).toEqual([error]);
    expect([receiver.requests.length, canary.connections]).toEqual([0, 0]);
  });

  it('that takes 10 s fails the attempts at its names, and holds up no other webhook', async () => {
    const slow = await Tenant.of(replica);
    const healthy = await Tenant.of(replica);
    receiver.respondWith([200]);
    names.names['healthy.example.com'] = { a: ['127.0.0.1'] };
    await healthy.createWebhook(targetOf('healthy.example.com'));
    const expected = new Map<string, string[]>();
    for (let index = 0; index < 40; index += 1) {
      const name = `slow-${index}.example.com`;
      names.names[name] = { a: ['127.0.0.1'], delayMs: 10_000 };
      expected.set(await slow.createWebhook(targetOf(name)), ['dns_error']);
    }
    await slow.publish();
    await until('the slow look-ups', () => names.questions.filter((name) => name.startsWith('slow-')).length >= 80);
    const start = performance.now();
    await healthy.publish();
    await receiver.waitFor(1);
    // The others take 4 s.
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(await slow.errors(expected.size)).toEqual(expected);
  });
});

describe('EGRESS_PROXY_URL', () => {
  const listen = useServers();
  const settings = { ...PRODUCTION, TARGET_URL_ALLOW_HTTP: 'true', RETRY_SCHEDULE: '' };

  it('has deliveries go through the proxy, which alone knows the name, and fail while it is away', async () => {
    const proxy = forwardProxy();
    const { port } = await listen(proxy.server);
    const receiver = await Receiver.start();
    const replica = await startReplica(database, { ...settings, EGRESS_PROXY_URL: `http://127.0.0.1:${port}` });
    try {
      const tenant = await Tenant.of(replica);
      const authority = `only-the-proxy-knows.example.com:${receiver.port}`;
      const id = await tenant.createWebhook(`http://${authority}/`);
      await tenant.publish();
      expect((await tenant.errors(1)).get(id)).toEqual([200]);
      expect(receiver.requests).toHaveLength(1);
      expect(proxy.tunnels).toEqual([{ authority, authorization: undefined }]);
    } finally {
      await replica.close();
      await receiver.close();
    }
    const withoutProxy = await startReplica(database, { ...settings, EGRESS_PROXY_URL: 'http://127.0.0.1:1' });
    try {
      const tenant = await Tenant.of(withoutProxy);
      const id = await tenant.createWebhook('http://only-the-proxy-knows.example.com:4000/');
      await tenant.publish();
      expect((await tenant.errors(1)).get(id)).toEqual(['connect_error']);
    } finally {
      await withoutProxy.close();
    }
  });
});

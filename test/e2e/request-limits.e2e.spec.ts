import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { documentedPairs } from '../support/openapi-conformance.js';
import { fetchDocument, type RequestOptions, send } from '../support/client.js';
import { SERVER_URL, type Service, useService } from '../support/process.js';
import { until } from '../support/wait.js';

/** In ten seconds, from one address. */
const FAILED_AUTHENTICATIONS_MAX = 500;
const LIMIT = 10;
/** In an environment. */
const WEBHOOKS = 3;

const from = (address: string): RequestOptions => ({ headers: { 'x-forwarded-for': address } });

/** Answers of requests with a token that is none. */
async function statusesOfGuesses(service: Service, count: number, options?: RequestOptions): Promise<number[]> {
  const headers = { authorization: `Bearer tidings_${'x'.repeat(20)}`, ...options?.headers };
  const statuses: number[] = [];
  // Some at a time, without looking at more of them than that: the limit is of ten seconds.
  while (statuses.length < count) {
    const some = Array.from({ length: Math.min(50, count - statuses.length) }, () =>
      send(service.url, 'GET', '/webhook', { headers }),
    );
    statuses.push(...(await Promise.all(some)).map(({ status }) => status));
  }
  return statuses;
}

const limited = useService({ env: { RATE_LIMIT_PER_10S: String(LIMIT) } });
const proxied = useService({ env: { TRUST_PROXY: '127.0.0.1' } });

/** Trusts no proxy. */
const plain = useService({ env: { WEBHOOKS_PER_ENVIRONMENT: String(WEBHOOKS) } });

describe('the limit for a token', () => {
  it('is its own, tells when to come back, and does not count events', async () => {
    const one = await limited.tenant();
    const other = await limited.tenant();
    const begun = Date.now();
    for (let sent = 0; sent < LIMIT; sent += 1) (await one.client.get('/webhook')).expect(200);
    const refused = await one.client.get('/webhook');
    refused.expectError(429, 'RATE_LIMITED');
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(10);

    for (let sent = 0; sent < 2 * LIMIT; sent += 1) await one.client.publish('record:created');
    (await one.client.get('/me')).expectError(429, 'RATE_LIMITED');
    (await other.client.get('/me')).expect(200);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    (await one.client.get('/webhook')).expect(200);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });
});

if (SERVER_URL) {
  describe('the limit for a token on three replicas', () => {
    const SHARED = 60;
    const WINDOW_MS = 10_000;
    // It waits for several windows, more on a machine that is slow.
    const TIMEOUT_MS = 240_000;
    const service = useService({ env: { RATE_LIMIT_PER_10S: String(SHARED) } });

    it(
      'is one limit, within a fifth, wherever the requests go',
      async () => {
        const replicas = [service, await service.startReplica(), await service.startReplica()];
        const { environmentId } = await service.tenant();
        const database = new pg.Client(service.databaseUrl);
        await database.connect();
        try {
          await until('each replica to know of the others', async () => {
            const { rows } = await database.query<{ all: boolean }>(
              'SELECT count(*) = 3 AND min(seen_at) > max(started_at) AS all FROM replica',
            );
            return rows[0]!.all;
          });
        } finally {
          await database.end();
        }

        // While the database is slow, each replica counts by itself: then the count is no answer here.
        const countedAlone = (): number =>
          replicas
            .map(({ logs }) => logs.split('cannot share the limits').length - 1)
            .reduce((sum, told) => sum + told);

        const accepted = async (replicaOf: (n: number) => number): Promise<number> => {
          for (;;) {
            const { token } = await service.token(environmentId);
            const clients = replicas.map((replica) => replica.client(token));
            for (const client of clients) (await client.get('/event-type')).expect(200);
            // Not at once: on a machine that is slow a replica knows the database's time to a second.
            await until('a new window', () => Math.abs((Date.now() % WINDOW_MS) - 2_000) < 500, 2 * WINDOW_MS);
            const begun = Math.floor(Date.now() / WINDOW_MS);
            const aloneBefore = countedAlone();
            let [sent, count] = [0, 0];
            const sender = async (): Promise<void> => {
              while (sent < 1.5 * SHARED) {
                const { status } = await clients[replicaOf(sent++)]!.get('/event-type');
                if (status === 200) count += 1;
                else expect(status).toBe(429);
              }
            };
            await Promise.all(Array.from({ length: 8 }, sender));
            // Where the machine was so slow that the next window began, it has counted for two.
            if (Math.floor(Date.now() / WINDOW_MS) === begun && countedAlone() === aloneBefore) return count;
          }
        };
        const seen = {
          evenly: await accepted((n) => n % 3),
          one: await accepted(() => 1),
          moving: await accepted((n) => Math.min(2, Math.floor(n / (SHARED / 3)))),
        };
        process.stdout.write(`accepted of a limit of ${SHARED} on three replicas: ${JSON.stringify(seen)}\n`);
        for (const count of Object.values(seen)) {
          expect(count).toBeGreaterThanOrEqual(0.8 * SHARED);
          expect(count).toBeLessThanOrEqual(1.2 * SHARED);
        }
      },
      TIMEOUT_MS,
    );
  });
}

describe('the limit of webhooks in an environment', () => {
  it('is never passed, not even by many at once, and a deleted webhook makes room', async () => {
    const { client } = await plain.tenant();
    const create = () =>
      until('an answer', async () => {
        const reply = await client.post<{ id: string }>('/webhook', { target_url: 'https://example.com/webhook' });
        // Busy for a moment, on a slow machine.
        return reply.status !== 503 && reply;
      });
    const replies = await Promise.all(Array.from({ length: 20 }, create));
    const made = replies.filter(({ status }) => status === 201).map((reply) => reply.expect(201).id);
    expect(made).toHaveLength(WEBHOOKS);
    for (const reply of replies.filter(({ status }) => status !== 201)) reply.expectError(409, 'WEBHOOK_LIMIT_REACHED');
    (await client.patch(`/webhook/${made[0]}`, { is_active: false })).expect(200);
    (await create()).expectError(409, 'WEBHOOK_LIMIT_REACHED');
    (await client.delete(`/webhook/${made[0]}`)).expect(200);
    (await create()).expect(201);
    (await (await plain.tenant()).client.post('/webhook', { target_url: 'https://example.com/webhook' })).expect(201);
  });

  it('does not refuse the repeat of a request that made one', async () => {
    const { client } = await plain.tenant();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { target_url: 'https://example.com/webhook' };
    for (let made = 1; made < WEBHOOKS; made += 1) await client.createWebhook(body);
    const first = (await client.post('/webhook', body, { headers })).expect(201);
    expect((await client.post('/webhook', body, { headers })).expect(201)).toEqual(first);
    const another = { 'idempotency-key': randomUUID() };
    (await client.post('/webhook', body, { headers: another })).expectError(409, 'WEBHOOK_LIMIT_REACHED');
    (await client.post('/webhook', body, { headers: another })).expectError(409, 'WEBHOOK_LIMIT_REACHED');
  });
});

// Last: an address that has guessed too often has no new token looked up.
describe('requests without a valid token', () => {
  it('are refused after five hundred from one address, on every route, while valid tokens go on', async () => {
    const { client } = await proxied.tenant();
    (await client.get('/me')).expect(200);
    const statuses = await statusesOfGuesses(proxied, FAILED_AUTHENTICATIONS_MAX + 1);
    expect(statuses).toEqual([...Array<number>(FAILED_AUTHENTICATIONS_MAX).fill(401), 429]);

    const pairs = documentedPairs(await fetchDocument(proxied.url)).filter((pair) => pair.endsWith(' 429'));
    expect(pairs.length).toBeGreaterThan(20);
    for (const pair of pairs) {
      const [method, path] = pair.split(' ') as [string, string];
      const reply = await proxied.client().request(method, path.replace('{id}', randomUUID()));
      reply.expectError(429, 'RATE_LIMITED');
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    }
    (await client.get('/me')).expect(200);
    (await proxied.admin.get('/me')).expect(200);
  });

  it('are counted by the address that a trusted proxy names', async () => {
    const statuses = await statusesOfGuesses(proxied, FAILED_AUTHENTICATIONS_MAX + 1, from('203.0.113.9'));
    expect(statuses.at(-1)).toBe(429);
    expect(await statusesOfGuesses(proxied, 1, from('203.0.113.10'))).toEqual([401]);
    expect(await statusesOfGuesses(proxied, 1, from('203.0.113.10, 203.0.113.9'))).toEqual([429]);
  });

  it('are counted by the connection where no proxy is trusted', async () => {
    for (let sender = 0; sender < 100; sender += 1) {
      await statusesOfGuesses(plain, FAILED_AUTHENTICATIONS_MAX / 100, from(`203.0.113.${sender}`));
    }
    expect(await statusesOfGuesses(plain, 1, from('203.0.113.200'))).toEqual([429]);
  });
});

import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import {
  Tidings,
  TidingsConnectionError,
  TidingsError,
  type TidingsOptions,
  TidingsTimeoutError,
} from '../../clients/typescript/src/index.js';
import { type Answer, Receiver } from '../support/receiver.js';

const TOKEN = 'tdg_secret-of-the-test';
const ID = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const event = { event_type: 'record:created', payload: { a: 1 } } as const;

/** A service that answers by script: what a working one does only now and then. */
let server: Receiver;
beforeEach(async () => {
  server = await Receiver.start();
});
afterEach(() => server.close());

function client(options: Partial<TidingsOptions> = {}): Tidings {
  return new Tidings({ baseUrl: server.url(''), token: TOKEN, ...options });
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function errorAnswer(status: number, code: string, headers: Record<string, string> = {}, details?: object): Answer {
  return json({ statusCode: status, error: 'In words', code, message: `It was ${code}`, details }, status, headers);
}

async function errorOf(promise: PromiseLike<unknown>): Promise<TidingsError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TidingsError) return error;
    throw error;
  }
  throw new Error('it was expected to fail');
}

describe('a request that fails for now', () => {
  it.each<[string, Answer]>([
    ['a broken connection', 'reset'],
    ['a 408', errorAnswer(408, 'REQUEST_TIMEOUT')],
    ['a 429', errorAnswer(429, 'RATE_LIMITED')],
    ['a 502 of a proxy', { status: 502, body: '<html>' }],
    ['a 503', errorAnswer(503, 'DATABASE_BUSY')],
    ['a 504 without a body', 504],
  ])('is sent again after %s, with the same idempotency key and body', async (_, answer) => {
    server.respondWith([answer, json({ id: ID }, 202)]);
    await expect(client().events.publish(event)).resolves.toEqual({ id: ID });
    const [first, second] = server.requests;
    expect(server.requests).toHaveLength(2);
    expect(first!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second!.headers['idempotency-key']).toBe(first!.headers['idempotency-key']);
    expect(second!.body).toEqual(first!.body);
    expect(second!.headers['authorization']).toBe(`Bearer ${TOKEN}`);
  });

  it('is sent again after no answer within the timeout', async () => {
    server.respondWith(['hang', json({ id: ID }, 202)]);
    await expect(client({ timeoutMs: 300 }).events.publish(event)).resolves.toEqual({ id: ID });
    expect(server.requests).toHaveLength(2);
  });

  it('keeps its key when it rotates a secret', async () => {
    server.respondWith(['reset', json({ id: ID })]);
    await client().webhooks.rotateSecret(ID, { overlap_seconds: 60 });
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  it('keeps the keys of the members of a batch', async () => {
    server.respondWith(['reset', json({ result: [] }, 202)]);
    await client().events.publishBatch({ events: [event, event] });
    const [first, second] = server.requests;
    expect(second!.body).toEqual(first!.body);
    expect(JSON.parse(first!.body.toString()).events[0].idempotency_key).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([429, 503])('waits for the Retry-After of a %d', async (status) => {
    server.respondWith([errorAnswer(status, 'RATE_LIMITED', { 'retry-after': '1' }), json({ id: ID })]);
    await client().webhooks.get(ID);
    const [first, second] = server.requests;
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(990);
    expect(second!.atMs - first!.atMs).toBeLessThan(10_000);
  });

  it('is thrown at once when Retry-After asks for more than a minute', async () => {
    server.respondWith([errorAnswer(429, 'RATE_LIMITED', { 'retry-after': '61' })]);
    const error = await errorOf(client().webhooks.get(ID));
    expect(error).toMatchObject({ status: 429, code: 'RATE_LIMITED', retryAfterMs: 61_000 });
    expect(server.requests).toHaveLength(1);
  });

  it('is thrown when the retries are spent', async () => {
    server.respondWith([errorAnswer(503, 'DATABASE_BUSY', { 'retry-after': '0' })]);
    await expect(errorOf(client({ maxRetries: 2 }).me())).resolves.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(server.requests).toHaveLength(3);
    await errorOf(client().me({ maxRetries: 0 }));
    expect(server.requests).toHaveLength(4);
  });

  const ONCE: Record<string, (tidings: Tidings) => Promise<unknown>> = {
    'a test': ({ webhooks }) => webhooks.test(ID),
    'a recovery': ({ webhooks }) => webhooks.recover(ID, { since: '2021-08-10T10:00:00.000Z' }),
    'a new environment': ({ environments }) => environments.create({ name: 'Production' }),
    'a new token': ({ apiTokens }) => apiTokens.create({ name: 'Orders', environment_id: ID }),
    'the retry of a delivery': ({ deliveries }) => deliveries.retry(ID),
  };

  it.each(Object.keys(ONCE))('is sent once when it is %s and may have been done', async (name) => {
    const tidings = client();
    for (const answer of ['reset', 503, 504] as const) {
      server.clear();
      server.respondWith([answer, json({})]);
      await errorOf(ONCE[name]!(tidings));
      expect(server.requests).toHaveLength(1);
    }
    server.clear();
    server.respondWith([errorAnswer(429, 'RATE_LIMITED', { 'retry-after': '0' }), json({})]);
    await ONCE[name]!(tidings);
    expect(server.requests).toHaveLength(2);
  });

  it('is sent again when a recovery is only counted', async () => {
    server.respondWith(['reset', json({ queued: 3 })]);
    const counted = await client().webhooks.recover(ID, { since: '2021-08-10T10:00:00.000Z', dry_run: true });
    expect(counted.queued).toBe(3);
  });

  it('deletes once: gone after a try that may have done it is deleted, gone at first is an error', async () => {
    const gone = errorAnswer(404, 'WEBHOOK_NOT_FOUND');
    server.respondWith(['reset', gone]);
    await expect(client().webhooks.delete(ID)).resolves.toEqual({ id: ID });
    server.respondWith([gone]);
    await expect(errorOf(client().webhooks.delete(ID))).resolves.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    const limited = errorAnswer(429, 'RATE_LIMITED', { 'retry-after': '0' });
    server.respondWith([limited, gone]);
    await expect(errorOf(client().webhooks.delete(ID))).resolves.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    server.respondWith(['reset', limited, gone]);
    await expect(client().webhooks.delete(ID)).resolves.toEqual({ id: ID });
  });

  const DELETES: Record<string, (tidings: Tidings) => Promise<unknown>> = {
    WEBHOOK_NOT_FOUND: ({ webhooks }) => webhooks.delete(ID),
    EVENT_NOT_FOUND: ({ events }) => events.delete(ID),
    ENVIRONMENT_NOT_FOUND: ({ environments }) => environments.delete(ID),
    API_TOKEN_NOT_FOUND: ({ apiTokens }) => apiTokens.delete(ID),
  };

  it.each(Object.keys(DELETES))('takes no other 404 than %s for deleted', async (code) => {
    const remove = DELETES[code]!;
    const unclear = errorAnswer(503, 'DATABASE_BUSY', { 'retry-after': '0' });
    server.respondWith([unclear, errorAnswer(404, code)]);
    await expect(remove(client())).resolves.toEqual({ id: ID });
    server.respondWith([unclear, { status: 404, body: '<h1>Not Found</h1>' }]);
    await expect(errorOf(remove(client()))).resolves.toMatchObject({ status: 404, code: undefined });
    for (const other of [...Object.keys(DELETES), 'ROUTE_NOT_FOUND'].filter((name) => name !== code)) {
      server.respondWith([unclear, errorAnswer(404, other)]);
      await expect(errorOf(remove(client()))).resolves.toMatchObject({ status: 404, code: other });
    }
  });
});

describe('an error', () => {
  it('tells what the service told', async () => {
    const failures = [{ field: 'event_types.0', message: 'must be an event type' }];
    const headers = { 'x-request-id': 'req-1' };
    server.respondWith([errorAnswer(400, 'VALIDATION_FAILED', headers, { failures })]);
    const error = await errorOf(client().webhooks.create({ target_url: 'x' }));
    expect(error).toMatchObject({
      name: 'TidingsError',
      status: 400,
      code: 'VALIDATION_FAILED',
      message: 'It was VALIDATION_FAILED',
      failures,
      details: { failures },
      requestId: 'req-1',
      retryAfterMs: undefined,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('has no failures but those that tell a field and a reason', async () => {
    const failures = [{ field: 'a', message: 'b' }, null, 'a', { field: 'a' }, { field: 1, message: 'b' }];
    server.respondWith([errorAnswer(400, 'VALIDATION_FAILED', {}, { failures })]);
    await expect(errorOf(client().me())).resolves.toMatchObject({ failures: [{ field: 'a', message: 'b' }] });
  });

  it('tells of a test how the endpoint answered', async () => {
    const details = { status: 500, duration_ms: 3, error: null };
    server.respondWith([errorAnswer(422, 'TEST_DELIVERY_FAILED', {}, details)]);
    await expect(errorOf(client().webhooks.test(ID))).resolves.toMatchObject({ details, failures: [] });
  });

  it('of a connection is one of its own, with its cause', async () => {
    server.respondWith(['reset']);
    const error = await errorOf(client({ maxRetries: 0 }).me());
    expect(error).toBeInstanceOf(TidingsConnectionError);
    expect(error).toMatchObject({
      name: 'TidingsConnectionError',
      status: undefined,
      cause: { message: 'fetch failed' },
    });
  });

  it('of a timeout is another', async () => {
    server.respondWith(['hang']);
    const error = await errorOf(client({ maxRetries: 0 }).me({ timeoutMs: 50 }));
    expect(error).toBeInstanceOf(TidingsTimeoutError);
    expect(error).toMatchObject({ name: 'TidingsTimeoutError', message: 'no whole answer within 50 ms' });
  });

  it('of a body that does not end is a timeout, too', async () => {
    server.respondWith([{ status: 200, headers: { 'content-length': '9' }, body: '{' }]);
    const error = await errorOf(client({ maxRetries: 0 }).me({ timeoutMs: 200 }));
    expect(error).toBeInstanceOf(TidingsTimeoutError);
  });

  it.each<[string, Answer, RegExp]>([
    [
      'a page of a proxy',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hi</h1>' },
      /not a JSON object \(text\/html\)/,
    ],
    ['nothing', 200, /not a JSON object \(of no type\)/],
    ['half an object', { status: 200, body: '{"id":' }, /not a JSON object/],
    ['null', json(null), /not a JSON object/],
    ['a text', json('hi'), /not a JSON object/],
    ['an array', json([]), /not a JSON object/],
    ['a 304', 304, /not one of Tidings/],
    ['a 300 that leads nowhere', 300, /not one of Tidings/],
    ['the 404 of another service', json({ detail: 'Not Found' }, 404), /not one of Tidings/],
  ])('is clear about %s', async (_, answer, message) => {
    server.respondWith([answer]);
    const error = await errorOf(client().me());
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('Hi');
    expect(error).toMatchObject({ status: expect.any(Number) as number, code: undefined });
    expect(server.requests).toHaveLength(1);
  });

  it.each([{}, { result: {}, next_cursor: null }, { result: [] }, { result: [], next_cursor: 1 }])(
    'is clear about a page that is %j',
    async (page) => {
      server.respondWith([json(page)]);
      await expect(errorOf(client().webhooks.list())).resolves.toMatchObject({
        message: expect.stringMatching(/not a page/) as string,
        status: 200,
      });
      const walk = async (): Promise<void> => {
        for await (const _ of client().webhooks.list());
      };
      await expect(walk()).rejects.toThrow(TidingsError);
    },
  );

  it('reads an answer whose characters come in halves', async () => {
    const bytes = Buffer.from('{"name":"é"}');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        // The é has two bytes.
        controller.enqueue(bytes.subarray(0, 10));
        controller.enqueue(bytes.subarray(10));
        controller.close();
      },
    });
    const fetch = (): Promise<Response> => Promise.resolve(new Response(body));
    await expect(client({ fetch }).environments.get(ID)).resolves.toEqual({ name: 'é' });
  });

  it.each([null, undefined, 'no', 1])('of a connection is that, too, when fetch rejects with %j', async (reason) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    const error = await errorOf(client({ maxRetries: 0, fetch: () => Promise.reject(reason) }).me());
    expect(error).toBeInstanceOf(TidingsConnectionError);
    expect(error.cause).toBe(reason);
  });

  it('ends an answer that is too long', async () => {
    server.respondWith([{ status: 200, body: Buffer.alloc(33 * 1024 * 1024, ' ') }]);
    await expect(errorOf(client().me())).resolves.toMatchObject({
      message: expect.stringMatching(/longer than 33554432 bytes/) as string,
      status: 200,
    });
  });

  it('is a redirect, which does not get the token', async () => {
    const other = await Receiver.start();
    try {
      for (const location of [other.url('/me'), server.url('/elsewhere')]) {
        server.respondWith([{ status: 307, headers: { location } }]);
        await expect(errorOf(client().me())).resolves.toMatchObject({
          status: 307,
          message: expect.stringMatching(/redirect/) as string,
        });
      }
      expect(other.requests).toEqual([]);
      expect(server.requests.map(({ path }) => path)).toEqual(['/me', '/me']);
    } finally {
      await other.close();
    }
  });

  it('does not hold the token', async () => {
    const redirect = { status: 307, headers: { location: '/' } };
    const answers: Answer[] = ['reset', redirect, errorAnswer(401, 'UNAUTHORIZED'), { status: 200, body: 'no' }];
    for (const answer of answers) {
      server.respondWith([answer]);
      const error = await errorOf(client({ maxRetries: 0 }).me());
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-of');
    }
  });
});

describe('a fetch that does not know of signals', () => {
  const never = new Promise<never>(() => {});
  const FETCHES: Record<string, () => Promise<Response>> = {
    'that does not answer': () => never,
    'whose answer does not end': () => Promise.resolve(new Response(new ReadableStream())),
  };

  it.each(Object.keys(FETCHES))('and %s ends with the timeout and with the signal', async (name) => {
    const tidings = client({ fetch: FETCHES[name]!, maxRetries: 0 });
    expect(await errorOf(tidings.me({ timeoutMs: 20 }))).toBeInstanceOf(TidingsTimeoutError);
    const controller = new AbortController();
    const answer = tidings.me({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
  });

  it('leaves no rejection behind when it fails afterwards', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      let fail!: (reason: Error) => void;
      const fetch = (): Promise<Response> => new Promise((_, reject) => (fail = reject));
      await errorOf(client({ fetch, maxRetries: 0 }).me({ timeoutMs: 20 }));
      fail(new Error('late'));
      // When this turn of the loop is over, Node has told of what nobody handles.
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('a signal', () => {
  it('has no listeners any more after a request, a retry and an error', async () => {
    const { signal } = new AbortController();
    const limited = errorAnswer(429, 'RATE_LIMITED', { 'retry-after': '0' });
    server.respondWith([limited, json({})]);
    await client().me({ signal });
    expect(server.requests).toHaveLength(2);
    server.respondWith(['reset']);
    await errorOf(client({ maxRetries: 0 }).me({ signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends a request, and its reason is what is thrown', async () => {
    server.respondWith(['hang']);
    const controller = new AbortController();
    const answer = client().me({ signal: controller.signal });
    await server.waitFor(1);
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
  });

  it('ends the wait before a retry', async () => {
    let tries = 0;
    const fetch = (): Promise<Response> => {
      tries++;
      return Promise.resolve(new Response('', { status: 429, headers: { 'retry-after': '60' } }));
    };
    const controller = new AbortController();
    const answer = client({ fetch }).me({ signal: controller.signal });
    // The answer is in memory, so that after one turn of the loop the wait is what is left.
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(tries).toBe(1);
  });

  it('that has ended sends nothing', async () => {
    await expect(client().me({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    expect(server.requests).toEqual([]);
  });
});

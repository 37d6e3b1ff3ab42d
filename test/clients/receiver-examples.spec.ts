import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ApiClient, CreatedWebhook, Delivery, DeliveryDetail, EventHead } from '../support/client.js';
import { useService } from '../support/process.js';
import { freePort } from '../support/program.js';
import { until } from '../support/wait.js';
import {
  bodyOf,
  Example,
  EXAMPLES,
  EXAMPLES_ENVIRONMENT,
  idOf,
  type SignedRequest,
  signedRequest,
} from './receiver-example.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** Name and command, as the README's table has them. */
const RECEIVERS = [...readFileSync(join(EXAMPLES, 'README.md'), 'utf8').matchAll(/^\| \[(.+?)\].*?\| `(.+?)`/gm)].map(
  ([, name, command]) => ({ name: name!, command: command! }),
);

/** An install from an empty cache has taken 70 s on two busy cores, the builds together as long. */
const PREPARATION_DEADLINE_MS = 600_000;

/** What the examples say that they take, and the largest event of Tidings. */
const BODY_MAX_BYTES = 1_048_576;
const EVENT_MAX_BYTES = 262_144;

const service = useService();

beforeAll(async () => {
  const install = `import { ensureInstalled } from './scripts/install.mjs'; ensureInstalled(${JSON.stringify(EXAMPLES)});`;
  await run(process.execPath, ['--input-type=module', '--eval', install], ROOT);
  await run(process.execPath, ['clients/typescript/build.mjs'], ROOT);
  await run('npm', ['run', 'build'], EXAMPLES);
}, PREPARATION_DEADLINE_MS);

it('has a receiver for each framework', () => {
  expect(RECEIVERS.map(({ name }) => name)).toEqual(['Express 5', 'Fastify 5', 'NestJS 12', 'Next.js 16']);
});

describe.each(RECEIVERS)('the receiver for $name', ({ command }) => {
  let client: ApiClient;
  let webhook: CreatedWebhook;
  let example: Example;
  const refusedIds: string[] = [];

  beforeAll(async () => {
    ({ client } = await service.tenant());
    const port = await freePort();
    webhook = await client.createWebhook({ target_url: `http://127.0.0.1:${port}/webhooks` });
    example = await start(port, [webhook.secret]);
  });
  // Not there when it did not start.
  afterAll(() => example?.stop());

  it('answers 204 and handles each event by its type', async () => {
    const connected = await publish('integrated_account:created', '{"tenant_id":"acme"}');
    const deleted = await publish('record:deleted', '{"id":"r-1"}');
    for (const { id } of [connected, deleted]) expect((await accepted(id)).attempts).toHaveLength(1);
    expect(await example.linesOf(connected)).toEqual([
      `${connected.id} of ${connected.created_at}: a new account of acme`,
    ]);
    expect(await example.linesOf(deleted)).toEqual([`${deleted.id} of ${deleted.created_at}: gone is record r-1`]);
  });

  it('accepts a delivery that comes again, and does not handle it again', async () => {
    const event = await publish('record:deleted', '{"id":"r-2"}');
    await retry(await accepted(event.id));
    await accepted(event.id, 2);
    // Handled in the order in which they came: when this one is, the one before would have been.
    await example.linesOf(await publish('record:deleted', '{"id":"r-3"}'));
    expect(await example.linesOf(event)).toEqual([
      `${event.id} of ${event.created_at}: gone is record r-2`,
      `dropped: ${event.id} has come before`,
    ]);
  });

  it('verifies the bytes that arrived, which writing the parsed body again would change', async () => {
    const payload = String.raw`{ "z":1.0, "id":9007199254740993, "tenant_id":"\u0061cme \ud83d\ude00", "10":1e2, "2":0, "z":2 }`;
    const event = await publish('integrated_account:created', payload);
    await accepted(event.id);
    expect(await example.linesOf(event)).toEqual([`${event.id} of ${event.created_at}: a new account of acme 😀`]);
  });

  it('takes the largest event', async () => {
    const frame = '{"id":"r-4","x":""}';
    const event = await publish(
      'record:deleted',
      frame.replace('""', `"${'x'.repeat(EVENT_MAX_BYTES - frame.length)}"`),
    );
    await accepted(event.id);
    expect(await example.linesOf(event)).toHaveLength(1);
  });

  it.each<[string, number[], () => SignedRequest]>([
    ['whose body was changed', [401], () => ({ ...signed(), body: bodyOf('evil') })],
    ['that is ten minutes old', [401], () => signed({ at: new Date(Date.now() - 600_000) })],
    ['that another secret signed', [401], () => signed({ secret: randomUUID() })],
    ['without the headers of the signature', [401], () => onlyBodySigned(signed().body)],
    ['without a body', [401, 415], () => ({ ...signed(), body: '' })],
    ['that is not JSON and that nobody signed', [401], () => unsigned('{"tenant_id":')],
    ['that is a form by its type', [415], () => withType(signed(), 'application/x-www-form-urlencoded')],
    ['that is not JSON by its type', [415], () => withType(signed(), 'text/plain')],
    ['above the limit', [413], () => signed({ body: bodyOf('x'.repeat(BODY_MAX_BYTES)) })],
  ])('refuses a request %s', async (_name, statuses, build) => {
    const request = build();
    refusedIds.push(request.headers['webhook-id'] ?? idOf(request.body));
    const { status, text } = await example.post(request);
    expect(statuses).toContain(status);
    if (status === 401) expect(text).not.toMatch(/signature|secret|timestamp|header|body|tenant|json/i);
  });

  it('refuses a request above the limit whose length is not known before', async () => {
    const { headers, body } = signed({ body: bodyOf('x'.repeat(BODY_MAX_BYTES)) });
    refusedIds.push(headers['webhook-id']!);
    const { status } = await fetch(example.url, {
      method: 'POST',
      headers,
      body: new Blob([body]).stream(),
      duplex: 'half',
    });
    expect(status).toBe(413);
  });

  it('has handled nothing of what it refused', async () => {
    const request = signed();
    expect((await example.post(request)).status).toBe(204);
    expect(await example.linesOf({ id: idOf(request.body) })).toHaveLength(1);
    expect(refusedIds).toHaveLength(10);
    for (const id of refusedIds) expect(example.output).not.toContain(id);
  });

  it('says on a line of its own that it listens, and why it refused', () => {
    expect(example.output).toMatch(/listening on http:|Ready in/);
    const lines = example.output.split('\n').filter((line) => line.startsWith('refused: '));
    expect(lines).toContainEqual(expect.stringContaining('the attempt is older than the tolerance'));
    expect(lines).toContainEqual(expect.stringContaining('the header webhook-id is missing'));
    expect(lines).toContainEqual(expect.stringContaining('the secret is that of another webhook, or was replaced'));
    expect(lines).toContainEqual(expect.stringMatching(/not JSON by its content type|Unsupported Media Type/));
  });

  it('takes what either secret has signed while the secret is rotated', async () => {
    const path = `/webhook/${webhook.id}/rotate-secret`;
    const { secret } = (await client.post<CreatedWebhook>(path, { overlap_seconds: 0 })).expect(200);
    const event = await publish('record:deleted', '{"id":"r-5"}');
    const refused = await attempted(event.id);
    expect(refused.attempts[0]?.response?.status).toBe(401);

    await example.stop();
    example = await start(example.port, [secret, webhook.secret]);
    await retry(refused);
    await until('the delivery to succeed', async () => (await client.delivery(refused.id)).status === 'succeeded');
    expect(await example.linesOf(event)).toHaveLength(1);
    expect((await example.post(signed())).status).toBe(204);
  });

  /** Publishes an event whose payload is this text. */
  async function publish(eventType: string, payload: string): Promise<EventHead> {
    const rawBody = `{"event_type":"${eventType}","payload":${payload}}`;
    const headers = { 'content-type': 'application/json' };
    return (await client.post<EventHead>('/event', undefined, { rawBody, headers })).expect(202);
  }

  /** The delivery of an event when so many of its attempts have ended. */
  function attempted(eventId: string, attemptCount = 1): Promise<DeliveryDetail> {
    return until('the attempts of a delivery', async () => {
      const [delivery] = await client.deliveries({ event_id: eventId });
      const detail = await client.delivery(delivery!.id);
      return detail.attempts.length >= attemptCount && detail;
    });
  }

  /** The delivery of an event when it has succeeded, with the answer of the examples and in so many attempts. */
  function accepted(eventId: string, attemptCount = 1): Promise<DeliveryDetail> {
    return until('the delivery to succeed', async () => {
      const delivery = await attempted(eventId, attemptCount);
      expect(delivery.attempts.at(-1)?.response?.status).toBe(204);
      return delivery.status === 'succeeded' && delivery;
    });
  }

  async function retry({ id }: Delivery): Promise<void> {
    (await client.post<Delivery>(`/delivery/${id}/retry`)).expect(202);
  }

  function start(port: number, secrets: string[]): Promise<Example> {
    const env = { ...EXAMPLES_ENVIRONMENT, WEBHOOK_SECRETS: secrets.join(',') };
    return Example.start({ command, directory: EXAMPLES, port, env });
  }

  function signed({ body = bodyOf('acme'), secret = webhook.secret, at = new Date() } = {}): SignedRequest {
    return signedRequest(secret, body, at);
  }

  /** With the signature that says nothing of the time alone, and that one right. */
  function onlyBodySigned(body: string): SignedRequest {
    const signature = createHmac('sha256', webhook.secret).update(body).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-webhook-signature': `format=sha256,v=${signature}` };
    return { body, headers };
  }
});

function unsigned(body: string): SignedRequest {
  return { headers: { 'content-type': 'application/json', 'webhook-id': randomUUID() }, body };
}

function withType({ headers, body }: SignedRequest, contentType: string): SignedRequest {
  return { headers: { ...headers, 'content-type': contentType }, body };
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, args, { cwd, env: EXAMPLES_ENVIRONMENT }).catch(
    (error: Error & Record<string, unknown>) => {
      throw new Error(`${error.message}\n${String(error['stdout'])}`);
    },
  );
}

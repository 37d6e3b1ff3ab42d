import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findProgram } from '../../scripts/programs.mjs';
import { type ApiClient, type CreatedWebhook, send } from '../support/client.js';
import { blocksOf } from '../support/guide-page.js';
import { useService } from '../support/process.js';
import { freePort } from '../support/program.js';
import { exchange } from '../support/raw-exchange.js';
import { until } from '../support/wait.js';
import { bodyOf, Example, idOf, type SignedRequest, signedRequest } from './receiver-example.js';

const DIRECTORY = resolve(import.meta.dirname, '../../clients/receivers');
const README = readFileSync(join(DIRECTORY, 'README.md'), 'utf8');
/** Name, file and command, as the README's table has them. */
const RECEIVERS = [...README.matchAll(/^\| \[(.+?)\]\((.+?)\).*?\| `(.+?)`/gm)].map(([, name, file, command]) => ({
  name: name!,
  file: file!,
  command: command!,
}));
/** What starts them, and Debian's package of it. A runtime that is missing is a failure: what is not run is not known to work. */
const PROGRAMS: Record<string, Record<string, string>> = {
  Python: { python3: 'python3' },
  Go: { go: 'golang-go' },
  Java: { javac: 'default-jdk-headless' },
  Ruby: { ruby: 'ruby' },
  PHP: { php: 'php-cli' },
  'C#': { mcs: 'mono-mcs', mono: 'mono-runtime' },
};
/** Signed or not. */
type AnyRequest = Pick<SignedRequest, 'headers'> & { body: string | Buffer };

const BODY_MAX_BYTES = 1_048_576;
const TEN_MINUTES_MS = 600_000;

it('each language has one receiver, and the README all of them', () => {
  expect(RECEIVERS.map(({ name }) => name)).toEqual(Object.keys(PROGRAMS));
  const files = readdirSync(DIRECTORY, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const receivers = files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => !path.endsWith('.md'));
  expect(receivers.toSorted()).toEqual(RECEIVERS.map(({ file }) => join(DIRECTORY, file)).toSorted());
});

it('the guide shows the receiver in Python as it is', () => {
  const block = blocksOf('docs/api/verify-deliveries.md').find(({ file }) => file === 'receiver.py');
  expect(`${block?.code}\n`).toBe(readFileSync(join(DIRECTORY, 'python/receiver.py'), 'utf8'));
});

describe.each(RECEIVERS)('the receiver in $name', ({ name, command }) => {
  const service = useService();
  /** What it is allowed to write: caches of a compiler, and what it builds. */
  const directory = mkdtempSync(join(tmpdir(), 'tidings-receiver-'));
  let client: ApiClient;
  let webhook: CreatedWebhook;
  let receiver: Example;

  const start = (port: number, secrets: string): Promise<Example> => {
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: directory, TMPDIR: directory, WEBHOOK_SECRET: secrets };
    return Example.start({ command, directory: DIRECTORY, port, env });
  };
  const signed = (at?: Date): SignedRequest => signedRequest(webhook.secret, bodyOf('acme'), at);
  /** What it has said of requests; PHP's server also has lines of its own. */
  const lines = (): string[] => {
    const whole = receiver.output.split('\n').slice(0, -1);
    return whole.filter((line) => /^(accepted|duplicate|refused)/.test(line));
  };

  /** Its answer to the request, and the lines that it prints about it. */
  const told = async (request: AnyRequest): Promise<{ status: number; text: string; lines: string[] }> => {
    const before = lines().length;
    const { status, text } = await receiver.post(request);
    await until(
      'the receiver to say why',
      () => lines().length > before,
      undefined,
      () => receiver.output,
    );
    return { status, text, lines: lines().slice(before) };
  };

  beforeAll(async () => {
    for (const [program, debian] of Object.entries(PROGRAMS[name]!)) {
      if (findProgram([program]) !== null) continue;
      throw new Error(`There is no ${program} on PATH. Install it (Debian: apt-get install ${debian}).`);
    }
    ({ client } = await service.tenant());
    const port = await freePort();
    webhook = await client.createWebhook({ target_url: `http://localhost:${port}/webhooks` });
    receiver = await start(port, `of-another-webhook,${webhook.secret}`);
  });
  afterAll(async () => {
    // Not there when it did not start.
    await receiver?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('takes a delivery as it was sent, and drops it when it comes again', async () => {
    const payload = String.raw`{ "name":"Zoë \ud83d\ude00 😀", "n":9007199254740993, "x":1.0 }`;
    const rawBody = `{"event_type":"record:created","payload":${payload}}`;
    const headers = { 'content-type': 'application/json' };
    const event = (await client.post<{ id: string }>('/event', undefined, { rawBody, headers })).expect(202);
    const { id } = await succeeded(event.id, 1);
    const accepted = lines().find((line) => line.startsWith('accepted '))!;
    expect(JSON.parse(accepted.slice('accepted '.length))).toMatchObject({
      id: event.id,
      event: 'record:created',
      payload: { name: 'Zoë 😀 😀' },
    });

    (await client.post(`/delivery/${id}/retry`)).expect(202);
    await succeeded(event.id, 2);
    const mentions = lines().filter((line) => line.includes(event.id));
    expect(mentions).toEqual([accepted, `duplicate ${event.id}`]);
  });

  it('takes what is signed by its secret and a newer one, while the secret is replaced', async () => {
    const path = `/webhook/${webhook.id}/rotate-secret`;
    (await client.post(path, { overlap_seconds: 3_600 })).expect(200);
    const event = await client.publish('record:deleted', { id: 'r-1' });
    const { attempts } = await succeeded(event.id, 1);
    expect(attempts[0]!.request.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    expect(lines().filter((line) => line.startsWith('accepted ') && line.includes(event.id))).toHaveLength(1);
  });

  /** With these headers instead of the right ones, which the function is given. */
  const having =
    (change: (right: Record<string, string>) => Record<string, string | undefined>): (() => SignedRequest) =>
    () => {
      const { headers, body } = signed();
      const changed = Object.entries({ ...headers, ...change(headers) });
      return {
        headers: Object.fromEntries(changed.filter(([, value]) => value !== undefined)) as typeof headers,
        body,
      };
    };
  const timestamped = (timestamp: string): (() => SignedRequest) => having(() => ({ 'webhook-timestamp': timestamp }));
  const withSignature = (change: (right: string) => string): (() => SignedRequest) =>
    having((right) => ({ 'webhook-signature': change(right['webhook-signature']!) }));

  it.each<[string, string, () => AnyRequest]>([
    ['whose body was changed', 'signature_mismatch', () => ({ ...signed(), body: bodyOf('evil') })],
    ['whose body was cut off', 'signature_mismatch', () => ({ ...signed(), body: signed().body.slice(0, -1) })],
    ['whose body is no UTF-8', 'signature_mismatch', () => ({ ...signed(), body: Buffer.from([0xff, 0xfe, 0]) })],
    ['without a body', 'signature_mismatch', () => ({ ...signed(), body: '' })],
    ['whose id was changed', 'signature_mismatch', having(() => ({ 'webhook-id': randomUUID() }))],
    ['that another secret signed', 'signature_mismatch', () => signedRequest(randomUUID(), bodyOf('acme'))],
    ['that the secret decoded from base64 signed', 'signature_mismatch', () => signedByDecoded(webhook.secret)],
    ['that is ten minutes old', 'timestamp_too_old', () => signed(new Date(Date.now() - TEN_MINUTES_MS))],
    ['that is of 1970', 'timestamp_too_old', timestamped('0')],
    ['that is ten minutes ahead', 'timestamp_too_new', () => signed(new Date(Date.now() + TEN_MINUTES_MS))],
    ['of the distant future', 'timestamp_too_new', timestamped('999999999999')],
    ['without a timestamp', 'missing_header', having(() => ({ 'webhook-timestamp': undefined }))],
    ['without a signature', 'missing_header', having(() => ({ 'webhook-signature': undefined }))],
    ['without an id', 'missing_header', having(() => ({ 'webhook-id': undefined }))],
    ['with an empty timestamp', 'missing_header', timestamped('')],
    ['with an empty signature', 'missing_header', withSignature(() => '')],
    ['with an empty id', 'missing_header', having(() => ({ 'webhook-id': '' }))],
    ['whose timestamp is a word', 'invalid_header', timestamped('now')],
    ['whose timestamp has a sign', 'invalid_header', timestamped(`+${Math.floor(Date.now() / 1_000)}`)],
    ['whose timestamp is negative', 'invalid_header', timestamped('-1')],
    ['whose timestamp has a fraction', 'invalid_header', timestamped(`${Math.floor(Date.now() / 1_000)}.5`)],
    ['whose timestamp is hexadecimal', 'invalid_header', timestamped('0x6a0b')],
    ['whose timestamp has an exponent', 'invalid_header', timestamped('1e9')],
    ['whose timestamp is no number', 'invalid_header', timestamped('NaN')],
    ['whose timestamp has four thousand digits', 'invalid_header', timestamped('9'.repeat(4_000))],
    ['whose timestamp has other digits', 'invalid_header', timestamped('\u00b2\u00b3\u00b9')],
    ['whose id is not ASCII', 'invalid_header', having(() => ({ 'webhook-id': 'é\u00ff' }))],
    ['whose id is too long', 'invalid_header', having(() => ({ 'webhook-id': 'a'.repeat(256) }))],
    ['whose id leads out of a directory', 'invalid_header', having(() => ({ 'webhook-id': '../../x' }))],
    ['whose id is the beginning of a body', 'invalid_header', () => cutOtherwise(webhook.secret)],
    ['with a signature of four thousand characters', 'invalid_header', withSignature(() => `v1,${'A'.repeat(4_000)}`)],
    ['with a signature without its version', 'signature_mismatch', withSignature((right) => right.slice(3))],
    ['with a signature of another version', 'signature_mismatch', withSignature((right) => `v2${right.slice(2)}`)],
    ['with a version alone', 'signature_mismatch', withSignature(() => 'v1')],
    ['with a version and a comma', 'signature_mismatch', withSignature(() => 'v1,')],
    ['with commas alone', 'signature_mismatch', withSignature(() => ',,, ,')],
    ['with a signature that is cut off', 'signature_mismatch', withSignature((right) => right.slice(0, -1))],
    ['with a signature that goes on', 'signature_mismatch', withSignature((right) => `${right}=`)],
    ['with a signature in small letters', 'signature_mismatch', withSignature((right) => right.toLowerCase())],
    ['with a signature that is not ASCII', 'signature_mismatch', withSignature(() => 'v1,é\u00ff')],
    ['with the headers of somebody else', 'missing_header', () => onlyBodySigned(webhook.secret)],
  ])('refuses a request %s', async (_name, reason, build) => {
    expect(await told(build())).toEqual({ status: 401, text: '', lines: [`refused: ${reason}`] });
  });

  it('refuses a body above the limit', async () => {
    const { headers, body } = signedRequest(webhook.secret, bodyOf('x'.repeat(BODY_MAX_BYTES)));
    const before = lines().length;
    const request = {
      method: 'POST',
      path: '/webhooks',
      headers: Object.entries(headers),
      body: Buffer.from(body),
      chunkBytes: null,
    };
    const { status } = await exchange(receiver.url, request, AbortSignal.timeout(10_000));
    // Whoever does not read it all may have ended the connection before its answer was seen.
    expect([413, null]).toContain(status);
    await until('the receiver to say why', () => lines()[before] === 'refused: body_too_long');
  });

  it('takes nothing but POST', async () => {
    expect([405, 501]).toContain((await send(receiver.url, 'PUT', '/webhooks')).status);
  });

  it('runs on after all that, and has taken nothing of it', async () => {
    const before = lines().filter((line) => line.startsWith('accepted ')).length;
    const request = signed();
    expect(await told(request)).toMatchObject({ status: 204, lines: [`accepted ${request.body}`] });
    expect(await told(request)).toMatchObject({ status: 204, lines: [`duplicate ${idOf(request.body)}`] });
    expect(before).toBe(2);
  });

  it.each([
    ['no secret', ''],
    ['a secret and none', 'a,'],
  ])('does not run with %s, which anybody could sign with', async (_name, secrets) => {
    const port = await freePort();
    let example: Example;
    try {
      example = await start(port, secrets);
    } catch (error) {
      expect((error as Error).message).toContain("WEBHOOK_SECRET has to hold the webhook's secret");
      return;
    }
    // PHP's server runs whatever is in the file.
    try {
      expect((await example.post(signed())).status).toBe(500);
      await until('it to say why', () => example.output.includes("WEBHOOK_SECRET has to hold the webhook's secret"));
    } finally {
      await example.stop();
    }
  });

  /** The delivery of an event that has succeeded with so many attempts. */
  async function succeeded(eventId: string, attemptCount: number) {
    return until(
      'the delivery to succeed',
      async () => {
        const [delivery] = await client.deliveries({ event_id: eventId });
        if (delivery?.status !== 'succeeded' || delivery.attempt_count !== attemptCount) return false;
        const detail = await client.delivery(delivery.id);
        expect(detail.attempts.at(-1)?.response?.status).toBe(204);
        return detail;
      },
      undefined,
      () => receiver.output,
    );
  }
});

/** As a sender would whose library takes the secret for base64. */
function signedByDecoded(secret: string): SignedRequest {
  const body = bodyOf('acme');
  const { headers } = signedRequest(secret, body);
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
  const key = Buffer.from(secret.replaceAll('-', ''), 'base64');
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { body, headers: { ...headers, 'webhook-signature': `v1,${hmac}` } };
}

/**
 * The signature over a body alone has the same key. A body that holds `.<time>.` can be cut in three, of which the first
 * is given out for an id and the last for a body: somebody who saw one delivery would make another of it.
 */
function cutOtherwise(secret: string): SignedRequest {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const [id, body] = ['{"payload":"', '"}'];
  const hmac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${hmac}` };
  return { body, headers };
}

function onlyBodySigned(secret: string): SignedRequest {
  const body = bodyOf('acme');
  const hmac = createHmac('sha256', secret).update(body).digest('base64');
  return { body, headers: { 'x-webhook-signature': `format=sha256,v=${hmac}` } };
}

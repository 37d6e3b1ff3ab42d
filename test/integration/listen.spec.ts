import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { envelopeOf, signedHeaders } from '../../src/deliveries/sending/outgoing-request.js';
import { until } from '../support/wait.js';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/listen.mjs');
const SECRET = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';
const WEBHOOK_ID = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const ENVIRONMENT_ID = '05daecaf-4365-42e8-8370-8127de5dd717';
/** Without `::1` on machines that have no IPv6. */
const LOCALHOST_ADDRESSES = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .map(({ address }) => (address === '::1' ? '[::1]' : address))
  .filter((address) => address === '127.0.0.1' || address === '[::1]');

describe('npm run listen', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-listen-'));
  const file = join(directory, 'webhook.json');
  let listener: ChildProcess;
  let output = '';
  let port = '';

  afterAll(() => rmSync(directory, { recursive: true }));
  beforeEach(() => rmSync(file, { force: true }));
  afterEach(async () => {
    listener.kill();
    await once(listener, 'exit');
  });

  async function listen(...args: string[]): Promise<void> {
    output = '';
    listener = spawn(process.execPath, [SCRIPT, '--port', '0', '--webhook', file, ...args]);
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    listener.stdout?.on('data', collect);
    listener.stderr?.on('data', collect);
    const listening = await until(
      'the listener',
      () => /localhost:(\d+)/.exec(output),
      undefined,
      () => output,
    );
    port = listening[1] ?? '';
  }

  /** Sends a delivery as Tidings does, and gives what the listener prints about it. */
  async function deliver(
    secrets: string[],
    { host = 'localhost', webhookId = WEBHOOK_ID, at = new Date(), status = 204 } = {},
  ): Promise<string> {
    const event = {
      id: '0198c0de-0000-7000-8000-000000000001',
      type: 'record:created',
      payload: '{"n":1.0}',
      createdAt: at,
    };
    const body = envelopeOf(event, ENVIRONMENT_ID, webhookId);
    const options = {
      userAgent: 'Tidings',
      signatureHeader: 'X-Webhook-Signature',
      signatureEncoding: 'base64',
    } as const;
    const headers = signedHeaders(body, event.id, secrets, at, options);
    output = '';
    const answer = await fetch(`http://${host}:${port}/`, { method: 'POST', headers, body: new Uint8Array(body) });
    expect(answer.status).toBe(status);
    await until(
      'the delivery to be printed',
      () => output.includes('"n":1.0'),
      undefined,
      () => output,
    );
    return output;
  }

  it('verifies as soon as the answer of POST /webhook is saved, on both addresses of localhost', async () => {
    await listen();
    const early = await deliver([SECRET]);
    expect(early).toContain('record:created  0198c0de-0000-7000-8000-000000000001  attempted at 2');
    expect(early.match(/not verified: no secret yet/g)).toHaveLength(2);

    writeFileSync(file, JSON.stringify({ id: WEBHOOK_ID, secret: SECRET }));
    expect(LOCALHOST_ADDRESSES).toContain('127.0.0.1');
    for (const host of LOCALHOST_ADDRESSES) {
      const verified = await deliver(['the new one', SECRET], { host });
      expect(verified).toContain('webhook-signature:   verified\n');
      expect(verified).toContain('X-Webhook-Signature: verified\n');
    }
  });

  it('refuses what was signed with another secret, or too long ago, and says why', async () => {
    writeFileSync(file, JSON.stringify({ id: WEBHOOK_ID, secret: SECRET }));
    await listen();
    const replaced = await deliver(['another'], { status: 401 });
    expect(replaced.match(/Signature: +NOT VALID: .* the secret is not good any more/gi)).toHaveLength(2);
    expect(replaced).toContain('refused: answered with 401');
    const old = await deliver([SECRET], { at: new Date(Date.now() - 400_000), status: 401 });
    expect(old).toContain('webhook-signature:   NOT VALID: the attempt is older than the tolerance\n');
    expect(old).toContain('X-Webhook-Signature: verified\n');
    const foreign = await deliver(['another'], { webhookId: ENVIRONMENT_ID, status: 401 });
    expect(foreign).toContain('the secret is that of another webhook than the one that sent this');
  });

  it.each([
    [`whsec_${SECRET}`, 'the secret has whsec_ before it'],
    [Buffer.from(SECRET).toString('base64'), 'the secret is in base64'],
    ['another', 'the secret is that of another webhook, or was replaced'],
  ])('says of the secret %s what is wrong with it', async (secret, mistake) => {
    await listen('--secret', secret);
    expect(await deliver([SECRET], { status: 401 })).toContain(mistake);
  });

  it('says which deliveries a receiver drops', async () => {
    await listen('--secret', SECRET);
    expect(await deliver([SECRET])).not.toContain('dropped');
    expect(await deliver([SECRET])).toContain('dropped: it has come before');
  });

  it('takes no secret that is blank, and not any number of them', async () => {
    const run = (...args: string[]) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
    expect(run('--secret', ' ')).toMatchObject({ status: 1, stderr: expect.stringContaining('must not be blank') });
    const many = Array.from({ length: 11 }, () => ['--secret', SECRET]).flat();
    expect(run(...many)).toMatchObject({ status: 1, stderr: expect.stringContaining('10 times') });
    await listen();
  });

  it('says so when the file holds another answer', async () => {
    writeFileSync(file, '{"statusCode":400}');
    await listen();
    expect(await deliver([SECRET])).toContain('is not the answer of a POST /webhook that succeeded');
  });

  it('takes secrets from the command line', async () => {
    await listen('--secret', 'another', '--secret', SECRET);
    expect((await deliver([SECRET])).match(/: +verified\n/g)).toHaveLength(2);
  });
});

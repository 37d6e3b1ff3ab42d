/**
 * A small receiver: prints each delivery and whether its two signatures verify. How a receiver checks them is in
 * `verifyStandard` and `verifyBody`; a real one rejects what does not verify and drops events that it has seen.
 *
 *   npm run listen -- [--port 4000] [--webhook .data/webhook.json] [--secret <secret>]...
 *
 * `--webhook` is a file that holds the answer of `POST /webhook`, read anew for each delivery, so that this may be
 * started before there is a webhook. `--secret` gives secrets directly; it may be repeated.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

/** How far the clocks of sender and receiver may be apart; an older request may be a replay of a recorded one. */
const TOLERANCE_SECONDS = 300;

const options = readOptions();

/**
 * Standard Webhooks (https://www.standardwebhooks.com): an HMAC over id, time and body, so that none can be exchanged.
 * While a secret is being replaced the header holds a signature of each; one that matches is enough.
 */
function verifyStandard(secret, headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  const ageSeconds = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(ageSeconds <= TOLERANCE_SECONDS)) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return signatures.split(' ').some((signature) => isSame(signature, `v1,${expected}`));
}

/** The body signature: an HMAC over the body alone, for receivers that were written for such a header. */
function verifyBody(secret, headers, body) {
  const expected = createHmac('sha256', secret).update(body).digest('base64');
  return isSame(headers['x-webhook-signature'] ?? '', `format=sha256,v=${expected}`);
}

/** Compares in a time that tells nothing about where the texts differ. */
function isSame(given, expected) {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function receive(request, response) {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end('Deliveries are POST requests.\n');
    return;
  }
  // The signatures are over the bytes as sent: a body that was parsed and written again need not be the same.
  const body = await buffer(request);
  response.writeHead(204).end();
  console.log(describeDelivery(request.headers, body));
}

function describeDelivery(headers, body) {
  const { event = 'not a delivery', webhook_id: sender } = parse(body) ?? {};
  const sentAt = new Date(Number(headers['webhook-timestamp']) * 1000);
  const attempt = Number.isNaN(sentAt.getTime()) ? 'without a timestamp' : `attempted at ${sentAt.toISOString()}`;
  const lines = [
    '',
    `${event}  ${headers['webhook-id'] ?? 'without an id'}  ${attempt}`,
    `  webhook-signature:   ${verdict(verifyStandard, headers, body, sender)}`,
    `  X-Webhook-Signature: ${verdict(verifyBody, headers, body, sender)}`,
    `  ${body}`,
  ];
  // A sender's control characters must not reach the terminal.
  return lines.map((line) => line.replace(/[\p{Cc}]/gu, '\ufffd')).join('\n');
}

function verdict(verify, headers, body, sender) {
  const webhook = readWebhook();
  const secrets = [...options.secrets, ...(webhook.secret === undefined ? [] : [webhook.secret])];
  if (secrets.length === 0) return `not verified: ${webhook.problem}`;
  if (secrets.some((secret) => verify(secret, headers, body))) return 'verified';
  if (webhook.id !== undefined && sender !== undefined && webhook.id !== sender) {
    return `NOT VALID: ${options.webhook} holds the secret of webhook ${webhook.id}, this is from webhook ${sender}`;
  }
  return 'NOT VALID';
}

function readWebhook() {
  let answer;
  try {
    answer = readFileSync(options.webhook, 'utf8');
  } catch {
    return { problem: `no secret yet (save the answer of POST /webhook as ${options.webhook})` };
  }
  const { id, secret } = parse(answer) ?? {};
  if (typeof secret === 'string') return { id, secret };
  return { problem: `${options.webhook} is not the answer of a POST /webhook that succeeded` };
}

/** The parsed JSON, or undefined. */
function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4000' },
        webhook: { type: 'string', default: '.data/webhook.json' },
        secret: { type: 'string', multiple: true, default: [] },
      },
    });
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error('--port must be a number from 0 to 65535');
    return { port, webhook: values.webhook, secrets: values.secret };
  } catch (error) {
    return stop(`${error.message}\nUsage: npm run listen -- [--port 4000] [--webhook FILE] [--secret SECRET]...`);
  }
}

/** Both addresses of localhost: which of them a sender takes is its own choice. */
async function listen() {
  const port = await listenOn('127.0.0.1', options.port);
  try {
    await listenOn('::1', port);
  } catch (error) {
    const isWithoutIpv6 = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
    if (!isWithoutIpv6) throw error;
  }
  return port;
}

async function listenOn(host, port) {
  const server = createServer((request, response) => {
    receive(request, response).catch((error) => console.error(`A request broke off: ${error.message}`));
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server.address().port;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

try {
  const port = await listen();
  console.log(`Listening on http://localhost:${port}/`);
  const source = options.secrets.length > 0 ? '--secret' : `${options.webhook}, once it is there`;
  console.log(`Signatures are verified with the secret of ${source}.`);
} catch (error) {
  const hint = error.code === 'EADDRINUSE' ? `: port ${options.port} is taken; choose another with --port` : '';
  stop(`Cannot listen${hint || `: ${error.message}`}`);
}

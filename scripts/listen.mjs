/**
 * A small receiver: prints each delivery, whether its two signatures verify and, if not, why; and which deliveries came
 * before. It answers as a receiver should: 204, or 401 to what does not verify.
 *
 *   npm run listen -- [--port 4000] [--webhook .data/webhook.json] [--secret <secret>]...
 *
 * `--webhook` is a file that holds the answer of `POST /webhook`, read anew for each delivery, so that this may be
 * started before there is a webhook. `--secret` gives secrets directly; it may be repeated.
 */
import './node-version.mjs';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './install.mjs';

/** Of deliveries that came before. A real receiver keeps them in its database, for as long as retries can go on. */
const KNOWN_IDS_MAX = 10_000;

/** Beside that of the file. A webhook has five at most. */
const SECRETS_MAX = 10;

const options = readOptions();
ensureInstalled(fileURLToPath(new URL('..', import.meta.url)));
// Not above: esbuild has to be installed first.
const { importClient } = await import('./client-module.mjs');
const { verifyWebhook, WebhookVerificationError } = await importClient();
const knownIds = new Set();

async function receive(request, response) {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end('Deliveries are POST requests.\n');
    return;
  }
  // The signatures are over the bytes as sent: a body that was parsed and written again need not be the same.
  const body = await buffer(request);
  const verdicts = verdictsOf(request.headers, body);
  response.writeHead(verdicts.isRefused ? 401 : 204).end();
  const lines = describeDelivery(request.headers, body, verdicts);
  if (verdicts.isRefused) lines.push('  refused: answered with 401');
  else if (hasComeBefore(request.headers['webhook-id'])) lines.push('  dropped: it has come before');
  console.log(lines.join('\n'));
}

/** What each of the two signatures is found to be. The first covers the time of the attempt: it decides. */
function verdictsOf(headers, body) {
  const webhook = readWebhook();
  const secrets = [...options.secrets, ...(webhook.secret === undefined ? [] : [webhook.secret])];
  if (secrets.length === 0) {
    const notVerified = `not verified: ${webhook.problem}`;
    return { isRefused: false, standard: notVerified, body: notVerified };
  }
  // Of secrets from the command line it is not known whose they are.
  const webhookId = options.secrets.length === 0 ? webhook.id : undefined;
  const refusalOf = (signature) => {
    try {
      verifyWebhook(headers, body, secrets, { signature, webhookId });
      return undefined;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      return error.message;
    }
  };
  const [standard, ofBody] = [refusalOf('standard'), refusalOf('body')];
  const inWords = (refusal) => (refusal === undefined ? 'verified' : `NOT VALID: ${refusal}`);
  return { isRefused: standard !== undefined, standard: inWords(standard), body: inWords(ofBody) };
}

function describeDelivery(headers, body, verdicts) {
  const { event = 'not a delivery' } = parse(body) ?? {};
  const sentAt = new Date(Number(headers['webhook-timestamp']) * 1000);
  const attempt = Number.isNaN(sentAt.getTime()) ? 'without a timestamp' : `attempted at ${sentAt.toISOString()}`;
  const lines = [
    '',
    `${event}  ${headers['webhook-id'] ?? 'without an id'}  ${attempt}`,
    `  webhook-signature:   ${verdicts.standard}`,
    `  X-Webhook-Signature: ${verdicts.body}`,
    `  ${body}`,
  ];
  // A sender's control characters must not reach the terminal.
  return lines.map((line) => line.replace(/[\p{Cc}]/gu, '\ufffd'));
}

/** Keeps the id, too. What has none is never dropped. */
function hasComeBefore(id) {
  if (id === undefined || knownIds.has(id)) return id !== undefined;
  const [oldest] = knownIds;
  if (knownIds.size >= KNOWN_IDS_MAX) knownIds.delete(oldest);
  knownIds.add(id);
  return false;
}

function readWebhook() {
  let answer;
  try {
    answer = readFileSync(options.webhook, 'utf8');
  } catch {
    return { problem: `no secret yet (save the answer of POST /webhook as ${options.webhook})` };
  }
  const { id, secret } = parse(answer) ?? {};
  if (typeof secret === 'string' && secret.trim() !== '') return { id, secret };
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
    if (values.secret.some((secret) => secret.trim() === '')) throw new Error('--secret must not be blank');
    if (values.secret.length > SECRETS_MAX) throw new Error(`--secret can be given ${SECRETS_MAX} times`);
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

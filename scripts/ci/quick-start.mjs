/**
 * Does what the first page of README says, word for word, in a new clone of the last commit: so the page cannot go stale.
 * Needs git, curl and the ports that the page names.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const SERVICE_PORT = 3000;
const LISTENER_PORT = 4000;
/** The first start installs and builds. */
const FIRST_START_DEADLINE_MS = 5 * 60_000;
const SECOND_START_DEADLINE_MS = 30_000;
/** README says "at once"; a slow machine gets more. */
const DELIVERY_DEADLINE_MS = 10_000;

const repository = resolve(import.meta.dirname, '../..');
const started = [];

/** A command of the page that stays, in a process group of its own; what it prints is kept. */
class Running {
  output = '';

  constructor(command, cwd) {
    this.command = command;
    this.process = spawn('bash', ['-c', command], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.exited = once(this.process, 'close');
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
    started.push(this);
  }

  get isRunning() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** As Ctrl-C does: the signal goes to everything that the command started. */
  async interrupt(signal = 'SIGINT') {
    try {
      process.kill(-this.process.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    await this.exited;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => void cleanUp().then(() => process.exit(1)));

const directory = mkdtempSync(join(tmpdir(), 'tidings-quick-start-'));
try {
  const [start, listen, createWebhook, publishEvent, listDeliveries] = commandsOfThePage();
  for (const port of [SERVICE_PORT, LISTENER_PORT]) await assertFree(port);
  run('git', ['clone', '--quiet', repository, directory]);

  const service = await startService(start, FIRST_START_DEADLINE_MS);
  const listener = new Running(listen, directory);
  await until('the listener to listen', 10_000, () => isListening(LISTENER_PORT), listener);

  const webhook = answerOf(createWebhook);
  if (typeof webhook.secret !== 'string') throw new Error(`no secret in ${JSON.stringify(Object.keys(webhook))}`);
  const publishedAt = Date.now();
  const event = answerOf(publishEvent);
  await until(
    'the listener to show the event',
    DELIVERY_DEADLINE_MS,
    () => listener.output.includes(event.id),
    listener,
  );
  console.log(`shown by the listener ${Date.now() - publishedAt} ms after curl was typed:\n${listener.output.trim()}`);

  for (const signature of ['webhook-signature', 'X-Webhook-Signature']) {
    if (!new RegExp(`^\\s*${signature}:\\s+verified$`, 'm').test(listener.output))
      throw new Error(`${signature} is not verified`);
  }

  const delivered = () => answerOf(listDeliveries).result.some((delivery) => delivery.status === 'succeeded');
  await until('GET /delivery to show the success', DELIVERY_DEADLINE_MS, delivered, service);
  await assertSwaggerUi();

  await listener.interrupt();
  await service.interrupt();
  const again = await startService(start, SECOND_START_DEADLINE_MS);
  await again.interrupt();
} finally {
  await cleanUp();
}

/** The page's commands in order; the last one, `npm test`, is a stage of CI by itself. */
function commandsOfThePage() {
  const page = readFileSync(join(repository, 'README.md'), 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Try it'));
  const commands = [...(page ?? '').matchAll(/^```sh\n(.*?)\n```$/gms)].map(([, command]) => command);
  const expected = [
    /^npm start$/,
    /^npm run listen$/,
    /^curl .*\/webhook /,
    /^curl .*\/event /,
    /^curl .*\/delivery /,
    /^npm test$/,
  ];
  if (commands.length !== expected.length || !expected.every((form, index) => form.test(commands[index]))) {
    throw new Error(`README's "Try it" has other commands than this script knows:\n${commands.join('\n')}`);
  }
  return commands;
}

async function startService(command, deadlineMs) {
  const from = Date.now();
  const service = new Running(command, directory);
  await until('the service to be ready', deadlineMs, isReady, service);
  console.log(`$ ${command}   (ready after ${((Date.now() - from) / 1000).toFixed(1)} s)`);
  return service;
}

async function isReady() {
  try {
    return (await fetch(`http://localhost:${SERVICE_PORT}/health/ready`)).ok;
  } catch {
    return false;
  }
}

function answerOf(command) {
  const text = run('bash', ['-o', 'pipefail', '-c', command], { cwd: directory });
  const answer = JSON.parse(text);
  if (answer.statusCode) throw new Error(`${command}\nanswered ${text}`);
  return answer;
}

async function assertSwaggerUi() {
  const answer = await fetch(`http://localhost:${SERVICE_PORT}/docs`);
  const text = await answer.text();
  if (!answer.ok || !/swagger-ui/i.test(text))
    throw new Error(`/docs is not Swagger UI: ${answer.status} ${text.slice(0, 200)}`);
}

async function assertFree(port) {
  if (await isListening(port))
    throw new Error(`Port ${port} is taken, and README's first page needs it: stop what listens there.`);
}

async function isListening(port) {
  for (const host of ['127.0.0.1', '::1']) {
    const socket = createConnection({ host, port });
    const isOpen = await new Promise((tell) =>
      socket.once('connect', () => tell(true)).once('error', () => tell(false)),
    );
    socket.destroy();
    if (isOpen) return true;
  }
  return false;
}

async function until(what, deadlineMs, isSo, running) {
  for (const deadline = Date.now() + deadlineMs; !(await isSo()); await pause(50)) {
    if (Date.now() < deadline && running.isRunning) continue;
    const reason = running.isRunning
      ? `did not happen in ${deadlineMs / 1000} s`
      : `cannot happen: "${running.command}" ended`;
    throw new Error(`Waiting for ${what}: ${reason}. It printed:\n${running.output}`);
  }
}

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(' ')}\nfailed: ${error?.message ?? stderr}${stdout ?? ''}`);
  return stdout;
}

async function cleanUp() {
  await Promise.all(started.map((running) => running.interrupt('SIGKILL')));
  rmSync(directory, { recursive: true, force: true });
}

import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { drawn } from './drawn.js';
import { LedgerFile, refIn, type Receipt } from './ledger.js';
import type { Behaviour, ReceiverOrder, ReceiverReport } from './messages.js';

/* A process of its own that receives webhooks and writes down every complete request before it answers. */

const SEED = Number(process.argv[3]);
const PROMPT: Behaviour = { delayMs: 0, failShare: 0, isHeld: false };

const ledger = new LedgerFile<Receipt>(process.argv[2]!);
const behaviours = new Map<string, Behaviour>();
/** Told when a path is to behave otherwise. */
const changes = new EventEmitter().setMaxListeners(0);
const heldBy = new Map<string, number>();
/** Requests so far by path and event. */
const requestsOf = new Map<string, number>();
const victims = new Map<string, number>();

const server = createServer((request, response) => {
  // A sender that dies breaks its requests off.
  receive(request, response).catch(() => response.destroy());
});
process.on('message', obey);
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
report({ kind: 'listening', port: (server.address() as AddressInfo).port });

function obey(order: ReceiverOrder): void {
  if (order.kind === 'kill-at-next-success') {
    victims.set(order.hook, order.pid);
    return;
  }
  behaviours.set(order.hook, order.behaviour);
  changes.emit(order.hook);
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  const hook = request.url ?? '';
  const behaviour = behaviours.get(hook) ?? PROMPT;
  const headers = request.headers as Record<string, string>;
  const text = body.toString();
  const answer = answerTo(hook, refIn(text) ?? '', behaviour);
  ledger.append({
    at: Date.now(),
    hook,
    headers,
    body: text,
    bodySha256: createHash('sha256').update(body).digest('hex'),
    answer,
  });
  if (behaviour.isHeld) await hold(hook);
  else if (behaviour.delayMs > 0) await delay(behaviour.delayMs);
  response.writeHead(answer).end(() => {
    if (answer < 300) killVictim(hook);
  });
}

/** By the reference and not the event's id, which no seed decides. */
function answerTo(hook: string, ref: string, { failShare }: Behaviour): number {
  const event = `${hook}/${ref}`;
  const count = (requestsOf.get(event) ?? 0) + 1;
  requestsOf.set(event, count);
  return drawn(SEED, 'answer', event, count) < failShare ? 500 : 200;
}

async function hold(hook: string): Promise<void> {
  const held = (heldBy.get(hook) ?? 0) + 1;
  heldBy.set(hook, held);
  report({ kind: 'held', hook, held });
  await once(changes, hook);
  heldBy.set(hook, heldBy.get(hook)! - 1);
}

/** Here, not in the program: a message to it would take longer than the sender needs to record the answer. */
function killVictim(hook: string): void {
  const pid = victims.get(hook);
  if (pid === undefined) return;
  victims.delete(hook);
  process.kill(pid, 'SIGKILL');
  report({ kind: 'killed', at: Date.now() });
}

function report(message: ReceiverReport): void {
  process.send!(message);
}

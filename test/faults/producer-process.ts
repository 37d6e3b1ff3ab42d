import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { LedgerFile, type Outcome, type ProducerRecord } from './ledger.js';
import type { ProducerOrder, ProducerReport } from './messages.js';
import { planRequest, toHttp, type PlannedRequest } from './traffic.js';

/* A process of its own that publishes events: killing Tidings, or the program, never loses a line of its ledger. */

/** A try that has no answer by then counts as unclear. */
const ANSWER_DEADLINE_MS = 10_000;
/** How long a request with a key is repeated. */
const REPEAT_DEADLINE_MS = 60_000;
const REPEAT_PAUSE_MS = 100;
const CONNECTIONS = 64;
/** Tidings would keep unused connections for longer, and they count as held. */
const UNUSED_CONNECTION_MS = 2_000;

/** What one try came to. `unsent`: nobody listened, so nothing can have been stored. */
type Try =
  | { kind: 'accepted'; eventIds: string[] }
  | { kind: 'refused'; status: number }
  | { kind: 'unclear'; status: number | null }
  | { kind: 'unsent' };

const ledger = new LedgerFile<ProducerRecord>(process.argv[2]!);
const dispatcher = new Agent({
  connections: CONNECTIONS,
  headersTimeout: ANSWER_DEADLINE_MS,
  keepAliveMaxTimeout: UNUSED_CONNECTION_MS,
});

let isFinishing = false;

process.on('message', (order: ProducerOrder) => {
  isFinishing = order.kind === 'finish';
  if (order.kind === 'finish') return;
  send(order).then(
    () => report({ kind: 'sent' }),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on('disconnect', () => process.exit());

/** Open loop: a request leaves when its time has come, however long others take. */
async function send({ plan, urls, token }: Extract<ProducerOrder, { kind: 'send' }>): Promise<void> {
  const startedAt = performance.now();
  const requests: Promise<void>[] = [];
  for (let index = 0; index < plan.requests || !isFinishing; index++) {
    const dueInMs = startedAt + (index * 1000) / plan.perSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    requests.push(publish(planRequest(plan, plan.firstRequest + index), urls, token));
  }
  await Promise.all(requests);
}

async function publish(planned: PlannedRequest, urls: string[], token: string): Promise<void> {
  const { number, key, events } = planned;
  await ledger.appendDurably({ kind: 'intent', request: number, at: Date.now(), hasKey: key !== null, events });
  await ledger.appendDurably(await outcomeOf(planned, urls, token));
}

async function outcomeOf(planned: PlannedRequest, urls: string[], token: string): Promise<Outcome> {
  const { number, key, replicaShare } = planned;
  const deadline = Date.now() + REPEAT_DEADLINE_MS;
  let unclearTries = 0;
  for (let replica = Math.floor(replicaShare * urls.length); ; replica++) {
    const tried = await attempt(planned, urls[replica % urls.length]!, token);
    if (tried.kind === 'unclear') unclearTries++;
    const outcome = { kind: 'outcome' as const, request: number, at: Date.now(), unclearTries };
    if (tried.kind === 'accepted') return { ...outcome, result: 'accepted', status: 202, eventIds: tried.eventIds };
    if (tried.kind === 'refused') return { ...outcome, result: 'refused', status: tried.status, eventIds: [] };
    const isOver = tried.kind === 'unclear' ? key === null || outcome.at > deadline : outcome.at > deadline;
    if (isOver) {
      const status = tried.kind === 'unclear' ? tried.status : null;
      return { ...outcome, result: 'unknown', status, eventIds: [] };
    }
    await delay(REPEAT_PAUSE_MS);
  }
}

async function attempt(planned: PlannedRequest, url: string, token: string): Promise<Try> {
  const { path, headers, body } = toHttp(planned);
  try {
    const exchange = request(`${url}${path}`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body,
      dispatcher,
    });
    setImmediate(() => report({ kind: 'posted', request: planned.number, events: planned.events.length }));
    const { statusCode: status, body: answer } = await exchange;
    const text = await answer.text();
    if (status === 202) return { kind: 'accepted', eventIds: eventIdsIn(JSON.parse(text) as Answer) };
    return status >= 500 ? { kind: 'unclear', status } : { kind: 'refused', status };
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ECONNREFUSED' ? { kind: 'unsent' } : { kind: 'unclear', status: null };
  }
}

type Answer = { id: string } | { result: { id: string }[] };

function eventIdsIn(answer: Answer): string[] {
  return 'result' in answer ? answer.result.map(({ id }) => id) : [answer.id];
}

function report(message: ProducerReport): void {
  process.send!(message);
}

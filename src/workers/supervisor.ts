import cluster, { type Worker } from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import type { MetricSnapshot } from '../common/metric-snapshot.js';
import { isRepeated, ONE_SIGNAL_MS } from '../common/stop-signals.js';
import { backOffMs, failuresAfter } from './back-off.js';
import { addCounts } from './departed-counts.js';
import { ANSWER_MS, type FromSupervisor, type FromWorker, type Topic } from './messages.js';
import { argumentsOf } from './placement.js';

/** A worker ends itself in time; one that cannot is killed this much later. */
const KILL_GRACE_MS = 2_000;

const CONTEXT = 'Workers';

export interface SupervisorOptions {
  workers: number;
  /** The program that each worker runs. */
  program: string;
  delayMs: number;
  timeoutMs: number;
  logger: LoggerService;
}

interface Slot {
  readonly number: number;
  process: Worker | null;
  isServing: boolean;
  /** It was told to stop. */
  isLeaving: boolean;
  /** It did not answer in time when it was asked last: its event loop stands still, or it is stopped. */
  isSilent: boolean;
  hasServed: boolean;
  isAlone: boolean;
  startedAtMs: number;
  failures: number;
  restart: NodeJS.Timeout | null;
  /** The metrics that it told last. */
  metrics: MetricSnapshot[];
}

/** Of one that does not run. */
const IDLE = { isServing: false, isLeaving: false, isSilent: false, isAlone: false } as const;

interface Question {
  asker: Slot;
  askerProcess: Worker;
  id: number;
  topic: Topic;
  waitingFor: Set<Slot>;
  values: unknown[];
  timer: NodeJS.Timeout;
}

/**
 * Keeps the workers of one installation running. It has no connection to the database and none to a client: workers share
 * the listening socket, and take connections from it themselves.
 */
export class Supervisor {
  private readonly slots: Slot[];
  private readonly questions = new Map<number, Question>();
  private lastQuestion = 0;
  private departed: MetricSnapshot[] = [];
  private restarts = 0;
  private isPrepared = false;
  private isStopping = false;
  private signalAtMs: number | null = null;
  private exitCode = 0;
  private finish!: (exitCode: number) => void;

  constructor(private readonly options: SupervisorOptions) {
    this.slots = Array.from({ length: options.workers }, (_, index) => ({
      number: index + 1,
      process: null,
      ...IDLE,
      hasServed: false,
      startedAtMs: 0,
      failures: 0,
      restart: null,
      metrics: [],
    }));
  }

  /** @returns with which code the process should end, once every worker has ended. */
  run(): Promise<number> {
    // The handle of the socket itself, and no round robin: docs/adr/0016.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    return new Promise((resolve) => {
      this.finish = resolve;
      this.start(this.slots[0]!);
    });
  }

  /** The second signal ends everything at once. */
  onSignal(signal: NodeJS.Signals): void {
    if (this.signalAtMs === null) {
      this.signalAtMs = performance.now();
      // A failed start may have begun it.
      if (!this.isStopping) this.stop(signal);
    } else if (isRepeated(this.signalAtMs)) {
      this.killAll();
    }
  }

  private stop(signal: NodeJS.Signals): void {
    const { delayMs, timeoutMs } = this.options;
    this.isStopping = true;
    for (const slot of this.slots) {
      if (slot.restart) clearTimeout(slot.restart);
      slot.isLeaving = true;
      this.send(slot, { kind: 'stop', signal });
    }
    setTimeout(() => this.killAll(), delayMs + timeoutMs + KILL_GRACE_MS).unref();
    this.finishIfEnded();
  }

  private killAll(): void {
    for (const { process } of this.slots) process?.process.kill('SIGKILL');
    this.finish(1);
  }

  private start(slot: Slot): void {
    const isAlone = !this.slots.some((other) => other !== slot && (takesOver(other) || listensFirst(other)));
    const { program, workers } = this.options;
    cluster.setupPrimary({ exec: program, args: argumentsOf({ worker: slot.number, workers, isAlone }) });
    Object.assign(slot, { isAlone, restart: null, startedAtMs: performance.now() });
    let process: Worker;
    try {
      process = cluster.fork();
    } catch {
      // The machine has no memory for it: the others serve, and it is tried again.
      this.onExit(slot, null, null);
      return;
    }
    slot.process = process;
    process.on('message', (message: FromWorker) => this.receive(slot, process, message));
    process.on('error', () => {
      // Of a process that never was. Otherwise of a message that cannot be sent, because the worker is ending.
      if (process.process.pid === undefined) this.onExit(slot, null, null);
    });
    process.on('exit', (code: number | null, signal: string | null) => this.onExit(slot, code, signal));
  }

  private onExit(slot: Slot, code: number | null, signal: string | null): void {
    const { isServing, hasServed } = slot;
    this.departed = addCounts(this.departed, slot.metrics);
    Object.assign(slot, { process: null, metrics: [], ...IDLE });
    for (const [id, question] of this.questions) this.noteAnswered(id, question, slot);

    if (this.isStopping) {
      if (isServing && code !== 0) this.exitCode = 1;
      return this.finishIfEnded();
    }
    const isFirstStart = !hasServed && (slot.failures === 0 || !this.slots.some((other) => other.hasServed));
    if (isFirstStart && code !== null && code !== 0) {
      // It has told why.
      this.exitCode = code;
      return this.stop('SIGTERM');
    }
    slot.failures = failuresAfter(slot.failures, performance.now() - slot.startedAtMs);
    const waitMs = backOffMs(slot.failures);
    this.restarts += 1;
    this.options.logger.error(
      { msg: 'a worker ended; it is started again', worker: slot.number, code, signal, wait_ms: waitMs },
      CONTEXT,
    );
    slot.restart = setTimeout(() => this.start(slot), waitMs);
  }

  private finishIfEnded(): void {
    if (this.slots.every(({ process }) => process === null)) this.finish(this.exitCode);
  }

  private receive(slot: Slot, process: Worker, message: FromWorker): void {
    switch (message.kind) {
      case 'prepared':
        if (this.isPrepared) return;
        this.isPrepared = true;
        for (const other of this.slots) if (!other.process && !this.isStopping) this.start(other);
        return;
      case 'serving':
        slot.isServing = true;
        slot.hasServed = true;
        return;
      case 'leaving':
        slot.isLeaving = true;
        // Till then the signal would have come here, too, if it was for all.
        setTimeout(() => this.relieve(slot, process), ONE_SIGNAL_MS);
        return;
      case 'ask':
        return this.ask(slot, process, message);
      case 'answer': {
        this.noteSilence(slot, false);
        const question = this.questions.get(message.question);
        if (!question) return;
        if (question.topic === 'metrics') slot.metrics = message.value as MetricSnapshot[];
        else question.values.push(message.value);
        this.noteAnswered(message.question, question, slot);
      }
    }
  }

  private relieve(slot: Slot, process: Worker): void {
    if (slot.process !== process || this.isStopping) return;
    this.send(slot, { kind: 'others', serve: this.slots.some(takesOver) });
  }

  private ask(asker: Slot, askerProcess: Worker, message: FromWorker & { kind: 'ask' }): void {
    const { id, topic, own } = message;
    if (topic === 'metrics') asker.metrics = own as MetricSnapshot[];
    const key = (this.lastQuestion += 1);
    // What one that is leaving says of itself is not what the whole is.
    const others = this.slots.filter(
      (slot) =>
        slot !== asker && (topic === 'readiness' ? takesRequests(slot) : slot.isServing) && slot.process?.isConnected(),
    );
    // One that hangs is asked, too, and by its answer it is back. But a probe has no second for it each time.
    const awaited = others.filter(({ isSilent }) => !isSilent);
    const question: Question = {
      asker,
      askerProcess,
      id,
      topic,
      waitingFor: new Set(awaited),
      values: [],
      timer: setTimeout(() => this.answer(key, question), ANSWER_MS),
    };
    this.questions.set(key, question);
    for (const other of others) this.send(other, { kind: 'question', question: key, topic });
    if (awaited.length === 0) this.answer(key, question);
  }

  private noteAnswered(key: number, question: Question, slot: Slot): void {
    if (question.waitingFor.delete(slot) && question.waitingFor.size === 0) this.answer(key, question);
  }

  private answer(key: number, { asker, askerProcess, id, topic, values, waitingFor, timer }: Question): void {
    clearTimeout(timer);
    for (const slot of waitingFor) this.noteSilence(slot, true);
    this.questions.delete(key);
    if (asker.process !== askerProcess) return;
    const told = topic === 'metrics' ? this.metricsBeside(asker) : values;
    // One that has failed meanwhile is not waited for.
    const areStarting = this.slots.some(({ hasServed, failures }) => !hasServed && failures === 0);
    this.send(asker, { kind: 'answers', id, values: told, areStarting });
  }

  private noteSilence(slot: Slot, isSilent: boolean): void {
    if (slot.isSilent === isSilent) return;
    slot.isSilent = isSilent;
    const { logger } = this.options;
    const { number: worker } = slot;
    if (isSilent) logger.warn({ msg: 'a worker does not answer', worker, waited_ms: ANSWER_MS }, CONTEXT);
    else logger.log({ msg: 'a worker answers again', worker }, CONTEXT);
  }

  /** Of a worker that did not answer in time, what it had counted when it told last: a sum must not shrink. */
  private metricsBeside(asker: Slot): MetricSnapshot[][] {
    const others = this.slots
      .filter((slot) => slot !== asker && slot.isServing)
      .map(({ metrics, isSilent }) => (isSilent ? addCounts([], metrics) : metrics));
    return [...others, [...this.departed, restartsOf(this.restarts)]];
  }

  private send({ process }: Slot, message: FromSupervisor): void {
    if (process?.isConnected()) process.process.send(message, () => undefined);
  }
}

function takesRequests({ isServing, isLeaving }: Slot): boolean {
  return isServing && !isLeaving;
}

/** One that hangs may be asked whether it is ready, but nothing is left to it. */
function takesOver(slot: Slot): boolean {
  return takesRequests(slot) && !slot.isSilent;
}

/** It starts, and answers meanwhile that it does. */
function listensFirst({ process, isAlone, isServing }: Slot): boolean {
  return process !== null && isAlone && !isServing;
}

/** Each worker tells 0 of it. */
function restartsOf(value: number): MetricSnapshot {
  const name = 'tidings_worker_restarts_total';
  return { name, help: '', type: 'counter', aggregator: 'sum', values: [{ value, labels: {} }] };
}

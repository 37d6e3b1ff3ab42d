import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEADLINE_MS } from '../support/wait.js';
import { TYPESCRIPT_ARGUMENTS } from '../support/typescript-worker.js';
import type { ProducerOrder, ProducerReport, ReceiverOrder, ReceiverReport } from './messages.js';

interface Watcher<Report> {
  isMatch: (report: Report) => boolean;
  tell: (report: Report) => void;
  fail: (reason: Error) => void;
}

/** A process of this program that it exchanges messages with. It ends when the program does. */
export class Helper<Order extends object, Report> {
  private readonly child: ChildProcess;
  private readonly watchers = new Set<Watcher<Report>>();

  constructor(name: string, ...args: string[]) {
    const file = fileURLToPath(new URL(`./${name}-process.ts`, import.meta.url));
    this.child = spawn(process.execPath, [...TYPESCRIPT_ARGUMENTS, file, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (report) => this.hear(report as Report));
    this.child.on('exit', () => this.fail(new Error(`the ${name} ended`)));
  }

  tell(order: Order): void {
    this.child.send(order);
  }

  /** The next report from now on that the condition holds for. */
  next<R extends Report>(isMatch: (report: Report) => report is R, deadlineMs?: number): Promise<R>;
  next(isMatch: (report: Report) => boolean, deadlineMs?: number): Promise<Report>;
  next(isMatch: (report: Report) => boolean, deadlineMs: number = DEADLINE_MS): Promise<Report> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.watchers.delete(watcher);
      };
      const watcher: Watcher<Report> = {
        isMatch,
        tell: (report) => (end(), resolve(report)),
        fail: (reason) => (end(), reject(reason)),
      };
      const timer = setTimeout(
        () => watcher.fail(new Error(`no such report within ${deadlineMs} ms: ${isMatch.toString()}`)),
        deadlineMs,
      );
      this.watchers.add(watcher);
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private hear(report: Report): void {
    for (const watcher of this.watchers) if (watcher.isMatch(report)) watcher.tell(report);
  }

  private fail(reason: Error): void {
    for (const watcher of this.watchers) watcher.fail(reason);
  }
}

export type Producer = Helper<ProducerOrder, ProducerReport>;
export type Receiver = Helper<ReceiverOrder, ReceiverReport>;

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { send } from '../support/client.js';
import { freePort } from '../support/program.js';
import { until } from '../support/wait.js';

const START_DEADLINE_MS = 90_000;
const EXIT_DEADLINE_MS = 30_000;

export interface TidingsOptions {
  /** The built program to run: `…/src/main.js`. */
  main: string;
  /** Where it runs and keeps its `.data`. */
  directory: string;
  logFile: string;
  env: Record<string, string>;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * One replica, over its restarts. Every process of it signs with a header of its own name, so each receipt and each
 * attempt tells which process made it.
 */
export class Tidings {
  private child: ChildProcess | undefined;
  private port = 0;
  private starts = 0;

  constructor(
    readonly name: string,
    private readonly options: TidingsOptions,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number {
    if (!this.isRunning) throw new Error(`${this.name} does not run`);
    return this.child!.pid!;
  }

  /** The name of the header that this process signs bodies under; lower case. */
  get process(): string {
    return `x-${this.name}-${this.starts}`;
  }

  /** Starts a process, on the same port as the one before, and resolves when it is ready. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    if (this.port === 0) this.port = await freePort();
    this.starts++;
    const { main, directory, logFile, env } = this.options;
    const { PATH = '', HOME = '' } = process.env;
    const log = openSync(logFile, 'a');
    this.child = spawn(process.execPath, [main], {
      cwd: directory,
      env: {
        PATH,
        HOME,
        PORT: String(this.port),
        RATE_LIMIT_PER_10S: '1000000',
        ...env,
        SIGNATURE_HEADER: this.process,
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await until(
      'Tidings to be ready',
      () => this.isReady(),
      START_DEADLINE_MS,
      () => this.logTail(),
    );
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.child?.kill(signal)) throw new Error(`${this.name} does not run`);
  }

  /** How the process ended, once it has. */
  async exited(): Promise<Exit> {
    const child = this.child!;
    if (this.isRunning) {
      const timer = AbortSignal.timeout(EXIT_DEADLINE_MS);
      await once(child, 'exit', { signal: timer });
    }
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** SIGTERM; a process that does not end in order is an error. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.signal('SIGTERM');
    const exit = await this.exited();
    if (exit.code !== 0) throw new Error(`SIGTERM ended ${this.name} in ${JSON.stringify(exit)}\n${this.logTail()}`);
  }

  /** However the process is, stopped ones included. */
  async destroy(): Promise<void> {
    if (!this.isRunning) return;
    this.signal('SIGKILL');
    await this.exited();
  }

  private async isReady(): Promise<boolean> {
    if (!this.isRunning) throw new Error(`${this.name} ended instead of starting\n${this.logTail()}`);
    const reply = await send(this.url, 'GET', '/health/ready').catch(() => undefined);
    return reply?.status === 200;
  }

  private logTail(): string {
    return readFileSync(this.options.logFile, 'utf8').slice(-4000);
  }
}

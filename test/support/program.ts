import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { send } from './client.js';
import { until } from './wait.js';

/** The built program, as an operator runs it. */
export const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');

/** First boot initialises a PostgreSQL in WASM; on two busy cores that has taken over 20 s. */
export const START_DEADLINE_MS = 90_000;
export const EXIT_DEADLINE_MS = 30_000;

export interface ProgramOptions {
  /** The working directory, where a file `.env` would be read. */
  directory: string;
  /** The whole environment. PORT is among it. */
  env: Record<string, string>;
  /** Options of Node's own, as `--cpu-prof`. */
  nodeOptions?: readonly string[];
  /** What is run in place of the built program: a command that starts it. It gets a process group of its own. */
  command?: readonly [program: string, ...args: string[]] | undefined;
  /** What is done with stdout and stderr: a function is told, a descriptor written to. */
  output: number | ((text: string) => void);
  /** The end of the output, for the errors of what waits. */
  tail: () => string;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process of the built program. */
export class Program {
  private readonly exited: Promise<Exit>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: ProgramOptions,
  ) {
    this.exited = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal }) as Exit);
  }

  /** Starts the process, and does not wait until it is ready. */
  static spawn(options: ProgramOptions): Program {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: what runs here is the build (npm run build)`);
    const { directory, env, nodeOptions = [], command, output } = options;
    const stream = typeof output === 'number' ? output : 'pipe';
    const [program, ...args] = command ?? [process.execPath, ...nodeOptions, MAIN];
    const child = spawn(program, args, {
      cwd: directory,
      env,
      detached: command !== undefined,
      stdio: ['pipe', stream, stream],
    });
    if (typeof output === 'function') {
      for (const from of [child.stdout!, child.stderr!]) from.setEncoding('utf8').on('data', output);
    }
    return new Program(child, options);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get port(): number {
    return Number(this.options.env['PORT']);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when the service is ready. */
  async ready(): Promise<void> {
    await until(
      'the service to be ready',
      async () => {
        if (!this.isRunning) throw new Error(`the service ended instead of starting\n${this.options.tail()}`);
        const reply = await send(this.url, 'GET', '/health/ready').catch(() => undefined);
        return reply?.status === 200;
      },
      START_DEADLINE_MS,
      this.options.tail,
    );
  }

  /** Signals the process; where it is a command, each process of its group, as a terminal does. */
  signal(signal: NodeJS.Signals): void {
    if (this.options.command) process.kill(-this.pid, signal);
    else if (!this.child.kill(signal)) throw new Error('no process to signal');
  }

  /** Types into its stdin. */
  type(text: string): void {
    this.child.stdin!.write(text);
  }

  /** How the process ended, once it has. */
  async exit(deadlineMs: number = EXIT_DEADLINE_MS): Promise<Exit> {
    let ended: Exit | undefined;
    void this.exited.then((exit) => (ended = exit));
    return until('the process to end', () => ended, deadlineMs, this.options.tail);
  }

  /** Sends the signal and resolves with how the process ended. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    this.signal(signal);
    return this.exit();
  }
}

/** A port below the range that outgoing connections take theirs from, so that a restart finds it free. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    server.close();
    if (isFree) return port;
  }
}

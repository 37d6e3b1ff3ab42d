import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';

export interface BackgroundTaskOptions {
  /** Whose lines of the log these are: the name of the class. */
  context: string;
  /** What a round does, as in `could not … ; trying again in 5 s`. */
  purpose: string;
  /** Milliseconds between the starts of two rounds. */
  everyMs: number;
  round: () => Promise<void>;
}

/**
 * Work that comes back at an interval, never two rounds at once: one that takes longer than the interval skips the next. A
 * round that fails is logged, and the next comes all the same. It keeps no process alive.
 */
export class BackgroundTask {
  private readonly stopping = new AbortController();
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | null = null;

  constructor(private readonly options: BackgroundTaskOptions) {
    this.logger = new Logger(options.context);
  }

  /** Whether `stop` was called: a round that has many steps ends after the one under way. */
  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Aborted by `stop`. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** The first round comes after one interval. */
  start(): void {
    if (this.isStopping) return;
    this.timer ??= setInterval(() => this.begin(), this.options.everyMs).unref();
  }

  /** The first round begins at once, and nobody waits for it. */
  startBeside(): void {
    this.start();
    this.begin();
  }

  /** The first round begins at once. Resolves when it has ended, also when it failed. */
  async startNow(): Promise<void> {
    this.startBeside();
    await this.running;
  }

  /** Resolves when the first round has ended; rejects with its error, and then there is no other. */
  async startWithFirst(): Promise<void> {
    await this.options.round();
    this.start();
  }

  /** For a round: lets others go first for so many milliseconds, or until it is stopped. Never rejects. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** No round begins from now on, and a pause ends. A round of many steps goes on until it asks `isStopping`. */
  abort(): void {
    this.stopping.abort();
    clearInterval(this.timer);
  }

  /** The same; resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.abort();
    await this.running;
  }

  private begin(): void {
    if (this.isStopping) return;
    this.running ??= this.options
      .round()
      .catch((error: unknown) => {
        const { purpose, everyMs } = this.options;
        this.logger.error({ msg: `could not ${purpose}; trying again in ${everyMs / 1_000} s`, err: error });
      })
      .finally(() => {
        this.running = null;
      });
  }
}

import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';

export interface BackgroundTaskOptions {
  /** The name of the class, for lines of the log. */
  context: string;
  /** As in `could not … ; trying again in 5 s`. */
  purpose: string;
  everyMs: number;
  round: () => Promise<void>;
}

/**
 * Repeats work at an interval. A round that takes longer than the interval skips the next. A round that fails is
 * logged, and the next comes all the same. It keeps no process alive.
 */
export class BackgroundTask {
  private readonly stopping = new AbortController();
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | null = null;

  constructor(private readonly options: BackgroundTaskOptions) {
    this.logger = new Logger(options.context);
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

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

  /** Resolves when the first round has ended. If that fails, rejects, and no other follows. */
  async startWithFirst(): Promise<void> {
    await this.options.round();
    this.start();
  }

  /** Lets others go first, or until the task is stopped. Never rejects. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** No round begins from now on, and a pause ends. A round of many steps goes on until it asks `isStopping`. */
  abort(): void {
    this.stopping.abort();
    clearInterval(this.timer);
  }

  /** Also waits for the round under way. */
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

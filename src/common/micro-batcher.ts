import { Logger } from '@nestjs/common';

export interface MicroBatcherOptions {
  /** Whose lines of the log these are: the name of the class. */
  context: string;
  /** How long a batch waits for more, in milliseconds, and how many are worth no wait. */
  window: { ms: number; enough: number };
  /** Whether the next batch waits for more; absent: always. */
  waitsForMore?: () => boolean;
  /** How many wait to be written. */
  waiting: () => number;
  /** Takes a batch of those that wait, and writes it. Never rejects. */
  writeNext: () => Promise<void>;
}

/**
 * Has things written in batches, one batch at a time: what arrives while one is being written forms the next, and what arrives
 * within a moment after it too.
 */
export class MicroBatcher {
  private readonly logger: Logger;
  private isRunning = false;
  /** Ends the wait for more; null while nothing waits so. */
  private endWait: (() => void) | null = null;

  constructor(private readonly options: MicroBatcherOptions) {
    this.logger = new Logger(options.context);
  }

  /** To be called when there is one more that waits to be written. */
  added(): void {
    if (this.endWait && this.isEnough) this.endWait();
    if (this.isRunning) return;
    this.isRunning = true;
    // What is added in the same turn of the event loop shares the first batch.
    setImmediate(() => {
      this.run().catch((error: unknown) => this.logger.error({ msg: 'writing in batches broke off', err: error }));
    });
  }

  private get isEnough(): boolean {
    return this.options.waiting() >= this.options.window.enough;
  }

  private async run(): Promise<void> {
    const { waiting, waitsForMore, writeNext } = this.options;
    try {
      while (waiting() > 0) {
        if (!this.isEnough && (waitsForMore?.() ?? true)) await this.waitForMore();
        await writeNext();
      }
    } finally {
      this.isRunning = false;
    }
  }

  private async waitForMore(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.endWait = resolve;
      timer = setTimeout(resolve, this.options.window.ms);
    });
    clearTimeout(timer);
    this.endWait = null;
  }
}

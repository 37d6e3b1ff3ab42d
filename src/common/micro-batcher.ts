import { Logger } from '@nestjs/common';

export interface MicroBatcherOptions {
  /** The name of the class, for lines of the log. */
  context: string;
  /** A batch waits so many milliseconds for more, unless it has enough. */
  window: { ms: number; enough: number };
  waitsForMore?: () => boolean;
  waiting: () => number;
  /** Takes a batch and writes it. Never rejects. */
  writeNext: () => Promise<void>;
}

/** Writes one batch at a time. Items that arrive during a write, or a moment after it, form the next batch. */
export class MicroBatcher {
  private readonly logger: Logger;
  private isRunning = false;
  private endWait: (() => void) | null = null;

  constructor(private readonly options: MicroBatcherOptions) {
    this.logger = new Logger(options.context);
  }

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

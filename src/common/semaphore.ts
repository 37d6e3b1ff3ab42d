import { RoundRobin } from './round-robin.js';

export class Semaphore {
  private readonly waiting = new RoundRobin<() => void>();

  /** @param permits 1 or more. */
  constructor(private permits: number) {}

  /** @param owner owners take turns; the work of each keeps its order. */
  async run<T>(work: () => Promise<T>, owner = ''): Promise<T> {
    await this.acquire(owner);
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /**
   * Give the permit back with `release`.
   *
   * @param signal ends the wait: it rejects with the signal's reason.
   */
  async acquire(owner = '', signal?: AbortSignal): Promise<void> {
    if (this.permits > 0) {
      this.permits -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.remove((waiter) => waiter === begin);
        reject(signal!.reason as Error);
      };
      this.waiting.push(owner, begin);
      signal?.addEventListener('abort', giveUp);
    });
  }

  release(): void {
    const [next] = this.waiting.takeUpTo(1);
    if (next) next();
    else this.permits += 1;
  }
}

import { RoundRobin } from './round-robin.js';

/** Lets so many pieces of work run at once; the others wait for a permit. */
export class Semaphore {
  private readonly waiting = new RoundRobin<() => void>();

  /** @param permits how many may run at once: 1 or more. */
  constructor(private permits: number) {}

  /** @param owner whose work it is: owners take turns, and the work of each goes in the order in which it came. */
  async run<T>(work: () => Promise<T>, owner = ''): Promise<T> {
    await this.acquire(owner);
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /**
   * Takes a permit, to be given back by `release`.
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

  /** Hands the permit to whose turn it is. */
  release(): void {
    const [next] = this.waiting.takeUpTo(1);
    if (next) next();
    else this.permits += 1;
  }
}

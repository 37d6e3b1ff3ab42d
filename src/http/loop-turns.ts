import { RoundRobin } from '../common/round-robin.js';

/** Runs one piece of long work in each turn of the event loop, so that other work goes on in between. */
export class LoopTurns {
  private readonly waiting = new RoundRobin<() => void>();
  private isAwaited = false;

  /**
   * @param owner owners take turns.
   * @param work must not throw, and may take a few milliseconds at most.
   */
  run(owner: string, work: () => void): void {
    this.waiting.push(owner, work);
    this.awaitNext();
  }

  private awaitNext(): void {
    if (this.isAwaited) return;
    this.isAwaited = true;
    setImmediate(() => {
      this.isAwaited = false;
      const [work] = this.waiting.takeUpTo(1);
      if (this.waiting.size > 0) this.awaitNext();
      work?.();
    });
  }
}

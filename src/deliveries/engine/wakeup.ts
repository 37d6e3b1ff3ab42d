/**
 * Loops wait here until their time is over or `wake` is called, which ends all waits. A call between two waits ends the
 * next one.
 */
export class Wakeup {
  private isPending = false;
  private readonly waiting = new Set<() => void>();

  wake(): void {
    this.isPending = true;
    for (const resolve of this.waiting) resolve();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.isPending) {
      let end = (): void => undefined;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        end = resolve;
        this.waiting.add(end);
        timer = setTimeout(end, timeoutMs);
      });
      clearTimeout(timer);
      this.waiting.delete(end);
    }
    this.isPending = false;
  }
}

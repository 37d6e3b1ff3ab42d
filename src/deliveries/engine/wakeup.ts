/** Lets loops wait for whichever comes first: a call of `wake`, which ends the waits of all, or their time. A call made between waits is kept. */
export class Wakeup {
  private isPending = false;
  private readonly waiting = new Set<() => void>();

  wake(): void {
    this.isPending = true;
    for (const resolve of this.waiting) resolve();
  }

  /** @param timeoutMs milliseconds. */
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

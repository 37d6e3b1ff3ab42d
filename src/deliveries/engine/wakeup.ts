/** Lets one loop wait for whichever comes first: a call of `wake`, or its time. A call made between waits is kept. */
export class Wakeup {
  private isPending = false;
  private resolve: (() => void) | null = null;

  wake(): void {
    this.isPending = true;
    this.resolve?.();
  }

  /** @param timeoutMs milliseconds. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.isPending) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
      this.resolve = null;
    }
    this.isPending = false;
  }
}

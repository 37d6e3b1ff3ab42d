/** Lets a loop that writes things together wait a moment for more of them, unless there are enough. */
export class Gathering {
  private resolve: (() => void) | null = null;

  /**
   * @param waitMs the longest wait, in milliseconds.
   * @param enough how many are worth no wait.
   */
  constructor(
    private readonly waitMs: number,
    private readonly enough: number,
  ) {}

  /** @param count how many there are now. */
  grown(count: number): void {
    if (count >= this.enough) this.resolve?.();
  }

  /** @param count how many there are at the start. */
  async wait(count: number): Promise<void> {
    if (count >= this.enough) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      timer = setTimeout(resolve, this.waitMs);
    });
    clearTimeout(timer);
    this.resolve = null;
  }
}

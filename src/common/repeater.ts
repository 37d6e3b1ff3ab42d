/** Does something again and again, never two at once: a turn that takes longer than the interval skips the next. */
export class Repeater {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> | null = null;

  /**
   * @param intervalMs milliseconds between the starts of two turns.
   * @param onError told of a turn that failed; the next comes all the same.
   */
  constructor(
    private readonly intervalMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Resolves when the first turn has ended; rejects with its error, and repeats nothing then. */
  async start(work: () => Promise<void>): Promise<void> {
    await work();
    this.startLater(work);
  }

  /** The first turn comes after one interval. Does not keep the process alive. */
  startLater(work: () => Promise<void>): void {
    this.timer = setInterval(() => this.begin(work), this.intervalMs).unref();
  }

  /** The first turn begins now, and nobody waits for it. */
  startBeside(work: () => Promise<void>): void {
    this.begin(work);
    this.startLater(work);
  }

  /** Resolves when the turn under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.turn;
  }

  private begin(work: () => Promise<void>): void {
    this.turn ??= work()
      .catch(this.onError)
      .finally(() => {
        this.turn = null;
      });
  }
}

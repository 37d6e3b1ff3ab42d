/** Lets so many pieces of work run at once; the others wait their turn, in the order in which they came. */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** @param free how many may run at once: 1 or more. */
  constructor(private free: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((begin) => this.waiting.push(begin));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

import { RoundRobin } from './round-robin.js';

/** Lets so many pieces of work run at once; the others wait their turn. */
export class Turns {
  private readonly waiting = new RoundRobin<() => void>();

  /** @param free how many may run at once: 1 or more. */
  constructor(private free: number) {}

  /** @param owner whose work it is: owners take turns, and the work of each goes in the order in which it came. */
  async run<T>(work: () => Promise<T>, owner = ''): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((begin) => this.waiting.push(owner, begin));
    try {
      return await work();
    } finally {
      const [next] = this.waiting.takeUpTo(1);
      if (next) next();
      else this.free += 1;
    }
  }
}

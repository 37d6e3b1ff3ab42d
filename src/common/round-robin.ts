/**
 * A queue whose owners take turns: one item of each owner leaves before a second of any. Items of one owner keep their
 * order.
 */
export class RoundRobin<T> {
  /** By owner, in the order of their turns. None is empty. */
  private readonly queues = new Map<string, T[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  get owners(): string[] {
    return [...this.queues.keys()];
  }

  push(owner: string, item: T): void {
    this.count += 1;
    const queue = this.queues.get(owner);
    if (queue) queue.push(item);
    else this.queues.set(owner, [item]);
  }

  /**
   * Takes items in turns until no owner's next item fits. An owner whose item did not fit keeps its place, and comes
   * first the next time.
   *
   * @param fits whether this item fits beside those already accepted.
   */
  take(fits: (item: T) => boolean): T[] {
    return this.serve(Infinity, fits);
  }

  takeUpTo(count: number): T[] {
    return this.serve(count, () => true);
  }

  remove(isUnwanted: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (const [owner, queue] of this.queues) {
      const kept = queue.filter((item) => !isUnwanted(item));
      if (kept.length === queue.length) continue;
      removed.push(...queue.filter(isUnwanted));
      if (kept.length > 0) this.queues.set(owner, kept);
      else this.queues.delete(owner);
    }
    this.count -= removed.length;
    return removed;
  }

  private serve(count: number, fits: (item: T) => boolean): T[] {
    const taken: T[] = [];
    // An owner with more items comes again, behind all others.
    for (const [owner, queue] of this.queues) {
      let isServed = false;
      while (queue.length > 0 && taken.length < count && fits(queue[0]!)) {
        taken.push(queue.shift()!);
        isServed = true;
        if (this.queues.size > 1) break;
      }
      if (isServed) this.placeBehind(owner, queue);
      if (taken.length === count) break;
    }
    this.count -= taken.length;
    return taken;
  }

  private placeBehind(owner: string, queue: T[]): void {
    if (queue.length > 0 && this.queues.size === 1) return;
    this.queues.delete(owner);
    if (queue.length > 0) this.queues.set(owner, queue);
  }
}

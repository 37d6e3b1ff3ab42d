import { LRUCache } from 'lru-cache';

/** In so many milliseconds the weight of deliveries falls to 1/e. */
const MEMORY_MS = 1_000;
/** The weight of one statement in `each`. */
const LEARNING_SHARE = 1 / 4;
const CAPACITY = 10_000;

interface Pace {
  /** Deliveries of one event, averaged over the last statements; 1 or more. */
  each: number;
  /** Deliveries of about the last second, as of `at`. */
  recent: number;
  at: number;
}

/** How many deliveries environments publish; each event counts as one at least. */
export class PublishingPace {
  private readonly paces = new LRUCache<string, Pace>({ max: CAPACITY });

  expectedDeliveries(environmentId: string, events: number): number {
    return events * (this.paces.get(environmentId)?.each ?? 1);
  }

  /**
   * @param now milliseconds.
   * @returns the deliveries of about the last second, with these.
   */
  add(environmentId: string, events: number, now: number): number {
    const { each, recent, at } = this.paces.get(environmentId) ?? { each: 1, recent: 0, at: now };
    const sum = events * each + recent * Math.exp((at - now) / MEMORY_MS);
    this.paces.set(environmentId, { each, recent: sum, at: now });
    return sum;
  }

  /** @param events 1 or more. */
  learn(environmentId: string, events: number, deliveries: number): void {
    const pace = this.paces.get(environmentId);
    if (pace) pace.each = Math.max(1, pace.each + (deliveries / events - pace.each) * LEARNING_SHARE);
  }
}

import { LRUCache } from 'lru-cache';

/** Deliveries count less the older they are: to a third after so many milliseconds. */
const MEMORY_MS = 1_000;
/** The weight of one statement in the average of deliveries for each event. */
const LEARNING_SHARE = 1 / 4;
/** Environments remembered at most; the one that published longest ago is forgotten first. */
const CAPACITY = 10_000;

interface Pace {
  /** How many deliveries an event makes, on average of the last statements; 1 or more. */
  each: number;
  /** Deliveries of about the last second, as of `at`. */
  recent: number;
  at: number;
}

/** How much environments publish, in deliveries: those that an event is likely to make, and itself at the least. */
export class PublishingPace {
  private readonly paces = new LRUCache<string, Pace>({ max: CAPACITY });

  /** How many deliveries so many events are likely to make. */
  expectedDeliveries(environmentId: string, events: number): number {
    return events * (this.paces.get(environmentId)?.each ?? 1);
  }

  /**
   * To be told of what is published.
   *
   * @param now milliseconds.
   * @returns the deliveries of about the last second, with these.
   */
  add(environmentId: string, events: number, now: number): number {
    const { each, recent, at } = this.paces.get(environmentId) ?? { each: 1, recent: 0, at: now };
    const sum = events * each + recent * Math.exp((at - now) / MEMORY_MS);
    this.paces.set(environmentId, { each, recent: sum, at: now });
    return sum;
  }

  /** To be told of how many deliveries so many events made: 1 event or more. */
  learn(environmentId: string, events: number, deliveries: number): void {
    const pace = this.paces.get(environmentId);
    if (pace) pace.each = Math.max(1, pace.each + (deliveries / events - pace.each) * LEARNING_SHARE);
  }
}

import type { Target } from '../delivery.types.js';

/** How long a webhook's secrets may be used after they were read: an expired one signs no longer than this. */
const FRESH_MS = 1_000;

/** Webhooks remembered. Each statement gets all of them as parameters. */
const CAPACITY = 1_024;

/**
 * Webhooks as statements have just read them. A leasing statement compares the revisions and reads only the others:
 * that saves a tenth of its time with 20 webhooks and 40 events.
 */
export class KnownTargets {
  /** By webhook id, the longest known first. */
  private readonly known = new Map<string, { target: Target; readAt: number }>();

  /** @param readAt `performance.now()` from before the statement that read them was sent. */
  learn(targets: Iterable<Target>, readAt: number): void {
    for (const target of targets) {
      this.known.delete(target.webhookId);
      this.known.set(target.webhookId, { target, readAt });
    }
    for (const id of this.known.keys()) {
      if (this.known.size <= CAPACITY) return;
      this.known.delete(id);
    }
  }

  fresh(now: number): Map<string, Target> {
    const targets = new Map<string, Target>();
    for (const [id, { target, readAt }] of this.known) {
      if (now - readAt > FRESH_MS) this.known.delete(id);
      else targets.set(id, target);
    }
    return targets;
  }
}

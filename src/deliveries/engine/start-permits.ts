/**
 * How long after reading a webhook a replica may start an attempt under what it read. Another replica answers a change
 * only after this time (`DeliveryControlService.settle`).
 */
export const START_WINDOW_MS = 1_000;

/** Longer than any statement that read a webhook before its change can take to answer. */
const FLOOR_KEPT_MS = 60_000;

/**
 * Decides whether an attempt may start under the revision of the webhook that was read with the delivery
 * (docs/adr/0005).
 */
export class StartPermits {
  private readonly floors = new Map<string, { revision: number; raisedAt: number }>();

  /** @param windowMs Infinity where no other process can change a webhook (the embedded engine). */
  constructor(private readonly windowMs: number) {}

  raise(webhookId: string, revision: number, now: number): void {
    for (const [id, floor] of this.floors) {
      if (now - floor.raisedAt <= FLOOR_KEPT_MS) break;
      this.floors.delete(id);
    }
    const known = this.floors.get(webhookId);
    this.floors.delete(webhookId);
    this.floors.set(webhookId, { revision: Math.max(revision, known?.revision ?? 0), raisedAt: now });
  }

  /**
   * `superseded`: the webhook has changed. `late`: it was read too long ago to know.
   *
   * @param readAt `performance.now()` from before the statement that read the revision was sent.
   */
  check(webhookId: string, revision: number, readAt: number, now: number): 'allowed' | 'late' | 'superseded' {
    if (revision < (this.floors.get(webhookId)?.revision ?? 0)) return 'superseded';
    return now - readAt <= this.windowMs ? 'allowed' : 'late';
  }
}

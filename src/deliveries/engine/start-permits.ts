/**
 * How long after reading a webhook a replica may start an attempt under what it read. A change of the webhook made on
 * another replica is answered only after this time has passed, see `DeliveryControlService.settle`.
 */
export const START_WINDOW_MS = 1_000;

/** Longer than any statement that read a webhook before its change can take to answer. */
const FLOOR_KEPT_MS = 60_000;

/**
 * Decides whether an attempt may still start under the revision of the webhook that was read with the delivery. Once a
 * change has been answered none may start under an older one: here that is known at once (the floor), on the other
 * replicas by time (the window). Both ends of the window are this process's monotonic clock; no clocks are compared.
 */
export class StartPermits {
  private readonly floors = new Map<string, { revision: number; raisedAt: number }>();

  /** @param windowMs milliseconds; Infinity where no other process can change a webhook (the embedded engine). */
  constructor(private readonly windowMs: number) {}

  /** No attempt starts under a revision older than this from now on. */
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

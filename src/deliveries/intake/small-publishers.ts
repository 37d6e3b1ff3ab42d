import { Injectable } from '@nestjs/common';

/** Deliveries within about a second up to which an environment publishes little. */
export const FEW_DELIVERIES = 100;

/** How long an environment counts after its last event. */
const MEMORY_MS = 1_000;

const NONE: readonly string[] = [];

/**
 * The environments that publish little, and do so now. Each piece of work of the process and the database makes them wait, so
 * the work of the others is cut into smaller pieces while there are any.
 */
@Injectable()
export class SmallPublishers {
  /** `performance.now()` of the last event, by environment; the longest ago first. */
  private readonly seenAt = new Map<string, number>();
  private lastSeen: string | null = null;

  /** The environment publishes, and it publishes little. */
  note(environmentId: string): void {
    if (environmentId !== this.lastSeen) {
      this.forgetOld();
      this.seenAt.delete(environmentId);
      this.lastSeen = environmentId;
    }
    this.seenAt.set(environmentId, performance.now());
  }

  /** Whether any of them has published within the last second, other than these environments. */
  areActive(besides: readonly string[] = NONE): boolean {
    this.forgetOld();
    for (const id of this.seenAt.keys()) if (!besides.includes(id)) return true;
    return false;
  }

  private forgetOld(): void {
    const since = performance.now() - MEMORY_MS;
    for (const [id, at] of this.seenAt) {
      if (at >= since) return;
      this.seenAt.delete(id);
    }
  }
}

import { Injectable } from '@nestjs/common';

/** Up to so many deliveries within about a second, an environment publishes little. */
export const FEW_DELIVERIES = 100;

const MEMORY_MS = 1_000;

const NONE: readonly string[] = [];

/**
 * Environments that publish little, and do so now. While there are any, the work of the others is cut into smaller
 * pieces, because small publishers wait for each piece.
 */
@Injectable()
export class SmallPublishers {
  /** `performance.now()` of the last event, by environment, oldest first. */
  private readonly seenAt = new Map<string, number>();
  private lastSeen: string | null = null;

  note(environmentId: string): void {
    if (environmentId !== this.lastSeen) {
      this.forgetOld();
      this.seenAt.delete(environmentId);
      this.lastSeen = environmentId;
    }
    this.seenAt.set(environmentId, performance.now());
  }

  /** Whether any but these environments has published within the last second. */
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

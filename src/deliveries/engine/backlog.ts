/**
 * What the last claims left waiting, for one of two reasons:
 *
 * - No slot was free. Accepting then leaves half of the room to what waits, and the end of any attempt is a reason to
 *   claim.
 * - The webhook may not have more: it has its share of the slots, or its endpoint is down, recovering or paused. Only
 *   the end of its own attempts is a reason to claim.
 */
export class Backlog {
  /** More is due than the replica's slots could take. */
  isBeyondSlots = false;
  private readonly heldBack = new Set<string>();
  /** Webhooks of which an attempt has ended since the claim under way reserved its room. */
  private readonly endedSinceClaim = new Set<string>();

  /** @param isNewRound the claim starts again at the first webhook. */
  claimBegins(isNewRound: boolean): void {
    this.endedSinceClaim.clear();
    if (isNewRound) this.heldBack.clear();
  }

  /**
   * @param webhookIds those that have more due than the claim could give them.
   * @returns those of them that have got room meanwhile. The caller must look at them now: nothing else will.
   */
  holdBack(webhookIds: readonly string[]): string[] {
    for (const id of webhookIds) this.heldBack.add(id);
    return webhookIds.filter((id) => this.endedSinceClaim.has(id));
  }

  attemptEnded(webhookId: string): void {
    this.endedSinceClaim.add(webhookId);
  }

  isHeldBack(webhookId: string): boolean {
    return this.heldBack.has(webhookId);
  }
}

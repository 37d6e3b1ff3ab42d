/**
 * What the last claims left waiting, and why. The two reasons ask for different things:
 *
 * - The replica had no slot left. Then accepting leaves half of the room to what waits, and every attempt's end is a
 *   reason to look again.
 * - The webhook may not have more: its share of the slots is taken, or its endpoint is down, recovering or paused. No
 *   other webhook gives room up for that, and only the end of its own attempts is a reason to look again.
 */
export class Backlog {
  /** More is due than the replica's slots could take. */
  isBeyondSlots = false;
  private readonly heldBack = new Set<string>();
  /** Webhooks of which an attempt has ended since the claim under way was given its room. */
  private readonly endedSinceClaim = new Set<string>();

  /** @param isNewRound the claim starts again at the first webhook. */
  claimBegins(isNewRound: boolean): void {
    this.endedSinceClaim.clear();
    if (isNewRound) this.heldBack.clear();
  }

  /**
   * @param webhookIds those of which something is due that the claim could not give them.
   * @returns those of them that have got room meanwhile: nothing else tells to look at them again.
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

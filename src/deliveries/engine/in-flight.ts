/**
 * Counts the attempts that this replica makes, against its own limit and each webhook's. The counts are in memory: a cap
 * computed inside the claiming statement is exceeded when statements overlap.
 */
export class InFlight {
  private reserved = 0;
  private running = 0;
  private readonly perWebhook = new Map<string, number>();

  /**
   * @param limit attempts at once, of all webhooks together.
   * @param limitPerWebhook attempts at once to one webhook.
   */
  constructor(
    readonly limit: number,
    readonly limitPerWebhook: number,
  ) {}

  get count(): number {
    return this.running;
  }

  /** How many more attempts could start, beyond those that a statement under way has set room aside for. */
  get room(): number {
    return Math.max(0, this.limit - this.running - this.reserved);
  }

  /** Whether a statement is under way that may lease deliveries. */
  get isReserved(): boolean {
    return this.reserved > 0;
  }

  /** Webhooks with attempts under way, and the room that each has left. */
  webhookRooms(): Map<string, number> {
    const rooms = new Map<string, number>();
    for (const [webhookId, count] of this.perWebhook) rooms.set(webhookId, Math.max(0, this.limitPerWebhook - count));
    return rooms;
  }

  /** Sets room aside while a statement that leases deliveries is under way; the returned function gives it back. */
  reserve(count: number): () => void {
    this.reserved += count;
    return () => {
      this.reserved -= count;
      count = 0;
    };
  }

  hasRoomFor(webhookId: string): boolean {
    return (this.perWebhook.get(webhookId) ?? 0) < this.limitPerWebhook;
  }

  start(webhookId: string): void {
    this.running += 1;
    this.perWebhook.set(webhookId, (this.perWebhook.get(webhookId) ?? 0) + 1);
  }

  end(webhookId: string): void {
    this.running -= 1;
    const left = (this.perWebhook.get(webhookId) ?? 0) - 1;
    if (left > 0) this.perWebhook.set(webhookId, left);
    else this.perWebhook.delete(webhookId);
  }
}

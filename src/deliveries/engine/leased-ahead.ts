import type { LeasedDelivery } from '../delivery.types.js';

/** What waits longer is given back: its endpoint has become slow, and another replica may have room. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 250;

interface Held {
  delivery: LeasedDelivery;
  /** `performance.now()` */
  since: number;
}

/**
 * Deliveries that have a slot and a lease and wait until fewer attempts to their webhook are under way. The slots bound
 * how many they are (engine/in-flight.ts).
 */
export class LeasedAhead {
  /** In the order of their arrival; no list is empty. */
  private readonly byWebhook = new Map<string, Held[]>();
  private timer: NodeJS.Timeout | null = null;

  /** @param giveBack called with what has waited too long. */
  constructor(private readonly giveBack: (deliveries: readonly LeasedDelivery[]) => void) {}

  hold(delivery: LeasedDelivery): void {
    const { webhookId } = delivery.target;
    const held = { delivery, since: performance.now() };
    const others = this.byWebhook.get(webhookId);
    if (others) others.push(held);
    else this.byWebhook.set(webhookId, [held]);
    this.timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  next(webhookId: string): LeasedDelivery | null {
    const held = this.byWebhook.get(webhookId);
    if (!held) return null;
    const { delivery } = held.shift()!;
    if (held.length === 0) this.forget(webhookId);
    return delivery;
  }

  /** Gives back what waits for the webhook. */
  release(webhookId: string): void {
    const held = this.byWebhook.get(webhookId);
    if (!held) return;
    this.forget(webhookId);
    this.giveBack(held.map(({ delivery }) => delivery));
  }

  /** Gives all back. */
  clear(): void {
    this.takeSince(Infinity);
  }

  private look(): void {
    this.takeSince(performance.now() - PATIENCE_MS);
  }

  private takeSince(latest: number): void {
    for (const [webhookId, held] of this.byWebhook) {
      const firstToStay = held.findIndex(({ since }) => since > latest);
      const late = held.splice(0, firstToStay < 0 ? held.length : firstToStay);
      if (held.length === 0) this.forget(webhookId);
      if (late.length > 0) this.giveBack(late.map(({ delivery }) => delivery));
    }
  }

  private forget(webhookId: string): void {
    this.byWebhook.delete(webhookId);
    if (this.byWebhook.size > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}

import type { EntityManager } from 'typeorm';

/** What a change of a webhook means for the deliveries that it owes. */
export type WebhookChangeKind = 'retargeted' | 'deactivated' | 'reactivated' | 'deleted';

export interface WebhookChange {
  kind: WebhookChangeKind;
  webhookId: string;
  /** The revision that the change made; deliveries read under an older one may no longer start an attempt. */
  revision: number;
}

/**
 * The port through which a webhook's change reaches its deliveries. Declared here and provided by `deliveries/`, so
 * that webhooks know nothing of queues and senders.
 */
export abstract class DeliveryControl {
  /**
   * Runs in the transaction that makes the change: cancels what waits when the webhook stops receiving, and starts
   * the endpoint's health afresh when it is active again.
   */
  abstract apply(change: WebhookChange, manager: EntityManager): Promise<void>;

  /** Runs after the commit. Resolves when no replica can start an attempt under an older revision. */
  abstract settle(change: WebhookChange): Promise<void>;
}

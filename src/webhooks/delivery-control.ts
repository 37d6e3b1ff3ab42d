import type { EntityManager } from 'typeorm';

/** What a change of a webhook means for the deliveries that it owes. */
export type WebhookChangeKind = 'retargeted' | 'rotated' | 'deactivated' | 'reactivated' | 'deleted';

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
   * Runs in the transaction that makes the changes: cancels what waits for webhooks that stop receiving, up to some
   * thousands, and forgets what is known against the endpoints.
   *
   * @returns the webhooks against whose endpoints something was known
   */
  abstract apply(changes: readonly WebhookChange[], manager: EntityManager): Promise<ReadonlySet<string>>;

  /**
   * Runs after the commit. From its call no attempt starts here under an older revision. Resolves when none can start
   * on any replica, and when what waited for a webhook that stopped is canceled, or after a second: the rest goes on
   * being canceled, and is not attempted meanwhile. Never rejects.
   */
  abstract settle(changes: readonly WebhookChange[]): Promise<void>;
}

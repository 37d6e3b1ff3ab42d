import type { EntityManager } from 'typeorm';

export type WebhookChangeKind = 'retargeted' | 'rotated' | 'deactivated' | 'reactivated' | 'deleted';

export interface WebhookChange {
  kind: WebhookChangeKind;
  webhookId: string;
  /** The revision that the change made. Under an older one no attempt may start any more. */
  revision: number;
}

/** The port through which a webhook's change reaches its deliveries; `deliveries/` provides it. */
export abstract class DeliveryControl {
  /**
   * Runs in the transaction of the changes. Cancels what waits for webhooks that stop receiving, up to some thousands,
   * and forgets what is known against the endpoints.
   *
   * @returns the webhooks whose endpoints were in trouble.
   */
  abstract apply(changes: readonly WebhookChange[], manager: EntityManager): Promise<ReadonlySet<string>>;

  /**
   * Runs after the commit. From its call no attempt starts here under an older revision. Resolves when none can start
   * on any replica, and what waited for stopped webhooks is canceled. After a second the rest is canceled in the
   * background, without being attempted. Never rejects.
   */
  abstract settle(changes: readonly WebhookChange[]): Promise<void>;
}

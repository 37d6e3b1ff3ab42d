import type { EntityManager } from 'typeorm';

export interface ContentsTransaction {
  readonly manager: EntityManager;
  /** The transaction must hold the environment's row locked. */
  removeAll(environmentId: string, actor: string): Promise<void>;
  afterCommit(act: () => void): void;
}

/**
 * The port to the contents of an environment, so that administration does not depend on webhooks. The feature that owns
 * the contents exports a provider from a `@Global()` module. Without one the application does not start.
 */
export abstract class EnvironmentContents {
  /**
   * Resolves when the work is committed, and nothing more is sent for what it removed. The work may run more than once.
   */
  abstract inTransaction(work: (transaction: ContentsTransaction) => Promise<void>): Promise<void>;

  /**
   * Prevents the deletion of a webhook until the transaction ends, for a token that ends with it.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND
   */
  abstract holdWebhook(environmentId: string, webhookId: string, manager: EntityManager): Promise<void>;
}

import type { EntityManager } from 'typeorm';

export interface ContentsTransaction {
  readonly manager: EntityManager;
  /**
   * Removes what lives in the environment, whose row the transaction holds locked.
   *
   * @param actor who deletes it, as in the audit trail
   */
  removeAll(environmentId: string, actor: string): Promise<void>;
  /** Adds an action that runs as soon as the transaction has committed. */
  afterCommit(act: () => void): void;
}

/**
 * The port through which environments and API tokens reach the contents of an environment. It is declared here, so that
 * administration does not depend on webhooks. The feature that owns the contents exports a provider of this token from
 * a `@Global()` module. Nest then resolves it here without an import, and an application without a provider does not
 * start.
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

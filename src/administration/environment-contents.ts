import type { EntityManager } from 'typeorm';

/**
 * The port through which the deletion of an environment reaches what lives in it. Declared here, so that
 * administration knows nothing of webhooks, and provided upward: the feature that owns the contents exports a provider of this token from a
 * `@Global()` module. Nest then resolves it here without an import, and an application without one does not start.
 */
export abstract class EnvironmentContents {
  /**
   * Runs in the transaction that deletes the environment, which holds the environment's row locked.
   *
   * @param actor who deletes it, as in the audit trail
   * @returns what is left to do once the transaction has committed; the request is answered after it
   */
  abstract removeAll(environmentId: string, actor: string, manager: EntityManager): Promise<() => Promise<void>>;
}

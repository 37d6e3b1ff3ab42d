import { Injectable } from '@nestjs/common';
import { Any, type EntityManager } from 'typeorm';
import { deleteApiTokens } from '../administration/api-tokens.repository.js';
import { type ContentsTransaction, EnvironmentContents } from '../administration/environment-contents.js';
import { Authenticator } from '../auth/authenticator.js';
import { notFound } from '../http/not-found.js';
import type { WebhookChange } from './delivery-control.js';
import { type WebhookChanges, WebhookTransaction } from './webhook-transaction.js';
import { deleteWebhooks, holdWebhook, lockWebhooksOf } from './webhooks.repository.js';

/** Deletes webhooks with what they are owed and with their tokens. */
@Injectable()
export class WebhookDeletion extends EnvironmentContents {
  constructor(
    private readonly transaction: WebhookTransaction,
    private readonly authenticator: Authenticator,
  ) {
    super();
  }

  /** The transaction must hold the webhooks locked. */
  async run(environmentId: string, ids: readonly string[], actor: string, changes: WebhookChanges): Promise<void> {
    const { manager } = changes;
    const deleted = await deleteWebhooks(manager, environmentId, ids, actor);
    await changes.apply(
      deleted.map<WebhookChange>(({ id, revision }) => ({ kind: 'deleted', webhookId: id, revision })),
    );
    const ofThem = { environmentId, webhookId: Any(deleted.map(({ id }) => id)) };
    const tokens = await deleteApiTokens(manager, ofThem, actor);
    if (tokens > 0) changes.afterCommit(() => this.authenticator.forget());
  }

  override inTransaction(work: (transaction: ContentsTransaction) => Promise<void>): Promise<void> {
    return this.transaction.run((changes) =>
      work({
        manager: changes.manager,
        removeAll: async (environmentId, actor) => {
          const ids = await lockWebhooksOf(changes.manager, environmentId);
          await this.run(environmentId, ids, actor, changes);
        },
        afterCommit: (act) => changes.afterCommit(act),
      }),
    );
  }

  override async holdWebhook(environmentId: string, webhookId: string, manager: EntityManager): Promise<void> {
    if (!(await holdWebhook(manager, environmentId, webhookId))) throw notFound('WEBHOOK_NOT_FOUND');
  }
}

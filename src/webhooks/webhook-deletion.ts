import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { EnvironmentContents } from '../administration/environment-contents.js';
import { DeliveryControl, type WebhookChange } from './delivery-control.js';
import { deleteWebhooks, lockWebhooksOf } from './webhooks.repository.js';

/** Deletes webhooks, one by one or with their environment, and ends what they were owed. */
@Injectable()
export class WebhookDeletion extends EnvironmentContents {
  constructor(private readonly deliveryControl: DeliveryControl) {
    super();
  }

  /**
   * Runs in a transaction that holds the webhooks locked.
   *
   * @param actor as in `webhook_revision.changed_by`
   * @returns what is left to do once the transaction has committed; the request is answered after it
   */
  async run(
    environmentId: string,
    ids: readonly string[],
    actor: string,
    manager: EntityManager,
  ): Promise<() => Promise<void>> {
    const deleted = await deleteWebhooks(manager, environmentId, ids, actor);
    const changes = deleted.map<WebhookChange>(({ id, revision }) => ({ kind: 'deleted', webhookId: id, revision }));
    await this.deliveryControl.apply(changes, manager);
    return () => this.deliveryControl.settle(changes);
  }

  override async removeAll(environmentId: string, actor: string, manager: EntityManager): Promise<() => Promise<void>> {
    const ids = await lockWebhooksOf(manager, environmentId);
    return this.run(environmentId, ids, actor, manager);
  }
}

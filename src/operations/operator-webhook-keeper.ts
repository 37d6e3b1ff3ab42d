import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { insertEnvironment, newEnvironment } from '../administration/environments.service.js';
import { SYSTEM_ACTOR } from '../auth/principal.js';
import { ApiError } from '../common/errors.js';
import { Config } from '../config/config.js';
import { PipelineDataSource } from '../database/data-sources.js';
import { insertWebhook } from '../webhooks/insert-webhook.js';
import { newSecret } from '../webhooks/new-secret.js';
import { SecretRotation } from '../webhooks/secret-rotation.js';
import { SecretVault } from '../webhooks/secret-vault.js';
import { newWebhook } from '../webhooks/webhook-creation.js';
import { databaseTime } from '../database/database-time.js';
import { lockEnvironment } from '../webhooks/webhooks.repository.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import {
  findOperatorWebhook,
  lockOperatorWebhook,
  type OperatorWebhook,
  replaceOperatorWebhook,
  switchOperatorWebhook,
} from './operator-webhook.repository.js';

const ENVIRONMENT_NAME = 'operations';

/** How long the secret before signs beside a new one: what a rotation through the API gives unless asked otherwise. */
const OVERLAP_MS = 86_400_000;

/** WEBHOOKS_PER_ENVIRONMENT is for those that callers make. */
const NO_LIMIT = 2_147_483_647;

/**
 * Makes the operator's webhook what the settings say, at each start: whatever was changed or deleted through the API. It
 * is an ordinary webhook in an environment that was made for it, so that the engine knows no other kind.
 */
@Injectable()
export class OperatorWebhookKeeper {
  private readonly logger = new Logger(OperatorWebhookKeeper.name);

  constructor(
    private readonly config: Config,
    @PipelineDataSource() private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
    private readonly webhooks: WebhooksService,
    private readonly rotation: SecretRotation,
  ) {}

  /** @returns whether there is one that is told of anything. */
  async keep(): Promise<boolean> {
    const { operatorWebhookUrl: targetUrl, operatorWebhookSecret: secret } = this.config;
    if (targetUrl === null || secret === null) {
      await this.switchOff();
      return false;
    }
    const { environmentId, webhookId } = await this.dataSource.transaction((manager) =>
      this.findOrMake(targetUrl, secret, manager),
    );
    await this.update({ environmentId, webhookId }, targetUrl);
    await this.rotation.assure({ environmentId, webhookId }, secret, OVERLAP_MS, SYSTEM_ACTOR);
    this.logger.log({
      msg: 'operational events are delivered to the webhook of OPERATOR_WEBHOOK_URL',
      environment_id: environmentId,
      webhook_id: webhookId,
    });
    return true;
  }

  /** Replicas that start together wait for each other here. */
  private async findOrMake(
    targetUrl: string,
    secret: string,
    manager: EntityManager,
  ): Promise<Pick<OperatorWebhook, 'environmentId' | 'webhookId'>> {
    await lockOperatorWebhook(manager);
    const known = await findOperatorWebhook(manager);
    if (known && !known.isDeleted) {
      await switchOperatorWebhook(manager, true);
      return known;
    }
    // The rows of a deleted one may be going, and replicas refuse revisions below its last: another one takes its place.
    const environmentId =
      known && (await lockEnvironment(manager, known.environmentId)) ? known.environmentId : await this.found(manager);
    const webhook = newWebhook(environmentId, { target_url: targetUrl }, await databaseTime(manager));
    const owner = { environmentId, webhookId: webhook.id };
    const { row } = newSecret(this.vault, owner, webhook.createdAt, secret);
    await insertWebhook(manager, { webhook, secret: row, changedBy: SYSTEM_ACTOR }, NO_LIMIT);
    await replaceOperatorWebhook(manager, owner);
    return owner;
  }

  private async found(manager: EntityManager): Promise<string> {
    const environment = newEnvironment(ENVIRONMENT_NAME, await databaseTime(manager));
    await insertEnvironment(manager, environment, SYSTEM_ACTOR);
    return environment.id;
  }

  /** One that is active and stays so keeps what is known against its endpoint: a restart is no news of that. */
  private async update(
    { environmentId, webhookId }: Pick<OperatorWebhook, 'environmentId' | 'webhookId'>,
    targetUrl: string,
  ): Promise<void> {
    const { is_active: isActive } = await this.webhooks.get(environmentId, webhookId);
    const patch = { target_url: targetUrl, event_types: null, ...(!isActive && { is_active: true }) };
    await this.webhooks.update(environmentId, webhookId, patch, SYSTEM_ACTOR);
  }

  /** First the webhook: a process that dies in between leaves the rest to the next start. */
  private async switchOff(): Promise<void> {
    const known = await findOperatorWebhook(this.dataSource);
    if (!known?.isOn) return;
    const { environmentId, webhookId } = known;
    try {
      await this.webhooks.update(environmentId, webhookId, { is_active: false }, SYSTEM_ACTOR);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'WEBHOOK_NOT_FOUND')) throw error;
    }
    await switchOperatorWebhook(this.dataSource, false);
    this.logger.log({
      msg: 'there are no operational events any more: OPERATOR_WEBHOOK_URL is not set',
      environment_id: environmentId,
      webhook_id: webhookId,
    });
  }
}

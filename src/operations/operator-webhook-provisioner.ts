import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { insertEnvironment } from '../administration/environments.repository.js';
import { newEnvironment } from '../administration/environments.service.js';
import { holdEnvironment } from '../auth/hold-environment.js';
import { SYSTEM_ACTOR } from '../auth/principal.js';
import { ApiError } from '../http/errors.js';
import { Config } from '../config/config.js';
import { PIPELINE } from '../database/data-sources.js';
import { insertWebhook } from '../webhooks/insert-webhook.js';
import { newSecret } from '../webhooks/secrets/new-secret.js';
import { SecretRotation } from '../webhooks/secrets/secret-rotation.js';
import { SecretVault } from '../webhooks/secrets/secret-vault.js';
import { newWebhook } from '../webhooks/webhook-creation.js';
import { databaseTime } from '../database/database-time.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import {
  findOperatorWebhook,
  lockOperatorWebhook,
  type OperatorWebhook,
  replaceOperatorWebhook,
  switchOperatorWebhook,
} from './operator-webhook.repository.js';

const ENVIRONMENT_NAME = 'operations';

/** How long the old secret signs beside a new one: the default of a rotation through the API. */
const OVERLAP_MS = 86_400_000;

/** WEBHOOKS_PER_ENVIRONMENT limits only webhooks that callers create. */
const NO_LIMIT = 2_147_483_647;

/**
 * Makes the operator's webhook match the settings at each start, whatever the API changed or deleted. It is an ordinary
 * webhook in its own environment.
 */
@Injectable()
export class OperatorWebhookProvisioner {
  private readonly logger = new Logger(OperatorWebhookProvisioner.name);

  constructor(
    private readonly config: Config,
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly vault: SecretVault,
    private readonly webhooks: WebhooksService,
    private readonly rotation: SecretRotation,
  ) {}

  /** @returns whether there is a webhook that gets any events. */
  async provision(): Promise<boolean> {
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
    // A deleted one is replaced: its rows may be under removal, and replicas refuse revisions below its last.
    const environmentId =
      known && (await holdEnvironment(manager, known.environmentId, 'exclusive'))
        ? known.environmentId
        : await this.createEnvironment(manager);
    const webhook = newWebhook(environmentId, { target_url: targetUrl }, await databaseTime(manager));
    const owner = { environmentId, webhookId: webhook.id };
    const { row } = newSecret(this.vault, owner, webhook.createdAt, secret);
    await insertWebhook(manager, { webhook, secret: row, changedBy: SYSTEM_ACTOR }, NO_LIMIT);
    await replaceOperatorWebhook(manager, owner);
    return owner;
  }

  private async createEnvironment(manager: EntityManager): Promise<string> {
    const environment = newEnvironment(ENVIRONMENT_NAME, await databaseTime(manager));
    await insertEnvironment(manager, environment, SYSTEM_ACTOR);
    return environment.id;
  }

  /** An active webhook keeps the known failures of its endpoint: a restart does not change them. */
  private async update(
    { environmentId, webhookId }: Pick<OperatorWebhook, 'environmentId' | 'webhookId'>,
    targetUrl: string,
  ): Promise<void> {
    const { is_active: isActive } = await this.webhooks.get(environmentId, webhookId);
    const patch = { target_url: targetUrl, event_types: null, ...(!isActive && { is_active: true }) };
    await this.webhooks.update(environmentId, webhookId, patch, SYSTEM_ACTOR);
  }

  /** The webhook comes first: if the process dies in between, the next start does the rest. */
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

import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { SYSTEM_ACTOR } from '../auth/principal.js';
import { ApiError } from '../common/errors.js';
import { notFound } from '../common/not-found.js';
import { mapPart, type PageDto, type PageQuery, toPart } from '../common/page.js';
import { Config } from '../config/config.js';
import { DailyPartitions } from '../database/daily-partitions.js';
import { checkTargetUrl, type TargetPolicy, targetPolicyOf } from '../egress/target-url-policy.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { DeliveryControl, type WebhookChange } from './delivery-control.js';
import type { CreateWebhookDto } from './dto/create-webhook.dto.js';
import type { ListWebhooksQuery } from './dto/list-webhooks.query.js';
import type { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { toWebhookSecretDto, type WebhookSecretDto } from './dto/webhook-secret.dto.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto, type WebhookDto } from './dto/webhook.dto.js';
import type { Webhook } from './entities/webhook.entity.js';
import { reportDisabled } from './operational-events.js';
import { disabled, patched, type WebhookPatch, type WebhookTransition } from './webhook-change.js';
import { WebhookCreation, withoutRepeats } from './webhook-creation.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { databaseTime } from '../database/database-time.js';
import { findWebhook, listWebhooks, lockWebhook, saveWebhook } from './webhooks.repository.js';
import { listLiveSecrets } from './webhook-secrets.repository.js';

@Injectable()
export class WebhooksService {
  private readonly targetPolicy: TargetPolicy;

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly creation: WebhookCreation,
    private readonly deletion: WebhookDeletion,
    private readonly deliveryControl: DeliveryControl,
    private readonly pages: PageReader,
    config: Config,
  ) {
    this.targetPolicy = targetPolicyOf(config);
  }

  /** @param actor who creates it, as in `webhook_revision.changed_by` */
  async create(
    environmentId: string,
    body: CreateWebhookDto,
    actor: string,
    idempotencyKey: string | null,
  ): Promise<WebhookWithSecretDto> {
    refuseOtherEnvironment(body.environment_id, environmentId);
    this.refuseBadTarget(body.target_url);
    const request = { environmentId, body, actor, idempotencyKey };
    if (idempotencyKey === null) return this.creation.run(request, this.dataSource.manager);
    return this.dataSource.transaction((manager) => this.creation.run(request, manager));
  }

  list(environmentId: string, query: ListWebhooksQuery, reader: Reader): Promise<PageDto<WebhookDto>> {
    const { is_active: isActive, failing: isFailing } = query;
    return this.pages.read({ list: 'webhook', environmentId }, query, reader, async ({ before: after, limit }) => {
      const filter = { environmentId, isActive, isFailing, after };
      const webhooks = await listWebhooks(this.dataSource.manager, filter, limit + 1);
      return mapPart(
        toPart(webhooks, limit, ({ id }) => id),
        toWebhookDto,
      );
    });
  }

  async get(environmentId: string, id: string): Promise<WebhookDto> {
    const webhook = await findWebhook(this.dataSource.manager, environmentId, id);
    if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
    return toWebhookDto(webhook);
  }

  /** Those that sign. */
  async listSecrets(
    environmentId: string,
    webhookId: string,
    query: PageQuery,
    reader: Reader,
  ): Promise<PageDto<WebhookSecretDto>> {
    const { manager } = this.dataSource;
    if (!(await findWebhook(manager, environmentId, webhookId))) throw notFound('WEBHOOK_NOT_FOUND');
    const origin = { list: 'webhook-secret', environmentId, parentId: webhookId };
    return this.pages.read(origin, query, reader, async ({ before: after, limit }) => {
      const secrets = await listLiveSecrets(manager, { environmentId, webhookId }, { after, limit: limit + 1 });
      return mapPart(
        toPart(secrets, limit, ({ id }) => id),
        toWebhookSecretDto,
      );
    });
  }

  /** @param actor who changes it, as in `webhook_revision.changed_by` */
  async update(environmentId: string, id: string, body: UpdateWebhookDto, actor: string): Promise<WebhookDto> {
    if (body.target_url !== undefined) this.refuseBadTarget(body.target_url);
    const patch = patchOf(body);
    const change = await this.change({ environmentId, id }, actor, (webhook, now) => patched(webhook, patch, now), {
      startsAfresh: body.is_active === true,
    });
    if (!change) throw notFound('WEBHOOK_NOT_FOUND');
    await change.settle?.();
    return toWebhookDto(change.webhook);
  }

  /** @param actor who deletes it, as in `webhook_revision.changed_by` */
  async delete(environmentId: string, id: string, actor: string): Promise<{ id: string }> {
    const settle = await this.inTransaction(async (manager) => {
      const webhook = await lockWebhook(manager, { environmentId, id });
      if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
      return this.deletion.run(environmentId, [id], actor, manager);
    });
    await settle();
    return { id };
  }

  /**
   * Makes a webhook inactive because of what its endpoint does.
   *
   * @param revision the webhook as it was when the endpoint did it: what the old target answered says nothing of a new
   *   one.
   * @returns what is left to do, which nobody has to wait for; null when nothing was done: the webhook is inactive or
   *   deleted already, or has changed since.
   */
  async disable(
    webhookId: string,
    revision: number,
    reason: 'gone' | 'failing',
  ): Promise<(() => Promise<void>) | null> {
    const where = { id: webhookId, revision };
    const change = await this.change(where, SYSTEM_ACTOR, (webhook, now) => disabled(webhook, reason, now), {
      report: reportDisabled,
    });
    return change?.settle ?? null;
  }

  /**
   * Decides on the locked row and writes; null: not found. `settle` is what is left to do once that is committed: when
   * it has ended no attempt can start under the old state.
   *
   * @param options.startsAfresh what is known against the endpoint is forgotten, also when nothing else changes.
   * @param options.report told of the change in its transaction.
   */
  private async change(
    where: FindOptionsWhere<Webhook>,
    actor: string,
    decide: (webhook: Webhook, now: Date) => WebhookTransition | null,
    {
      startsAfresh = false,
      report,
    }: { startsAfresh?: boolean; report?: (manager: EntityManager, webhook: Webhook) => Promise<void> } = {},
  ): Promise<{ webhook: Webhook; settle: (() => Promise<void>) | null } | null> {
    return this.inTransaction(async (manager) => {
      const webhook = await lockWebhook(manager, where);
      if (!webhook) return null;
      const transition = decide(webhook, await databaseTime(manager));
      if (!transition?.kind && startsAfresh && webhook.isActive) await this.startAfresh(webhook, actor, manager);
      if (!transition) return { webhook, settle: null };
      const { changedFields } = transition;
      await saveWebhook(manager, transition.webhook, { actor, action: 'changed', changedFields });
      const change = changeOf(transition);
      if (change) await this.deliveryControl.apply([change], manager);
      await report?.(manager, transition.webhook);
      const settle = change && ((): Promise<void> => this.deliveryControl.settle([change]));
      return { webhook: transition.webhook, settle };
    });
  }

  /** Forgets what is known against the endpoint of a webhook that is active and stays so; records that it was. */
  private async startAfresh(webhook: Webhook, actor: string, manager: EntityManager): Promise<void> {
    const { environmentId, id, revision } = webhook;
    const known = await this.deliveryControl.apply([{ kind: 'reactivated', webhookId: id, revision }], manager);
    if (!known.has(id)) return;
    const done = { actor, action: 'changed', changedFields: ['health'] } as const;
    await recordAudit(manager, [{ environmentId, resourceType: 'webhook', resourceId: id, ...done }]);
  }

  /** What a change cancels is logged on the day of its event, which may have to be made. */
  private inTransaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.partitions.provide(() => this.dataSource.transaction(work));
  }

  private refuseBadTarget(targetUrl: string): void {
    const verdict = checkTargetUrl(targetUrl, this.targetPolicy);
    if (verdict.ok) return;
    const { rule, message } = verdict;
    throw new ApiError('TARGET_URL_NOT_ALLOWED', `target_url ${message} (rule: ${rule})`, {
      details: { failures: [{ field: 'target_url', message }], rule },
    });
  }
}

function refuseOtherEnvironment(named: string | undefined, environmentId: string): void {
  if (named === undefined || named.toLowerCase() === environmentId) return;
  throw new ApiError('ENVIRONMENT_MISMATCH', 'The environment_id of the body is not that of the token');
}

function patchOf({ target_url, is_active, event_types }: UpdateWebhookDto): WebhookPatch {
  return {
    targetUrl: target_url,
    isActive: is_active,
    eventTypes: event_types ? withoutRepeats(event_types) : event_types,
  };
}

function changeOf({ kind, webhook }: WebhookTransition): WebhookChange | null {
  return kind && { kind, webhookId: webhook.id, revision: webhook.revision };
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, type FindOptionsWhere, Repository } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { SYSTEM_ACTOR } from '../auth/principal.js';
import { ApiError } from '../http/errors.js';
import { notFound } from '../http/not-found.js';
import { idFilterOf, narrowed } from '../reads/id-range.js';
import { type ListQuery, mapPart, type PageDto, toPart } from '../reads/page.js';
import { Config } from '../config/config.js';
import { checkTargetUrl, type TargetPolicy, targetPolicyOf } from '../egress/target-url-policy.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import type { WebhookChange } from './delivery-control.js';
import type { CreateWebhookDto } from './dto/create-webhook.dto.js';
import type { ListWebhooksQuery } from './dto/list-webhooks.query.js';
import type { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { toWebhookSecretDto, type WebhookSecretDto } from './dto/webhook-secret.dto.js';
import type { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { toWebhookDto, type WebhookDto } from './dto/webhook.dto.js';
import { Webhook } from './webhook.entity.js';
import { reportDisabled } from './operational-events.js';
import { disabled, patched, type WebhookPatch, type WebhookTransition } from './webhook-change.js';
import { WebhookCreation, withoutRepeats } from './webhook-creation.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { type WebhookChanges, WebhookTransaction } from './webhook-transaction.js';
import { databaseTime } from '../database/database-time.js';
import { findWebhook, listWebhooks, lockWebhook, saveWebhook } from './webhooks.repository.js';
import { listLiveSecrets } from './secrets/webhook-secrets.repository.js';

/** Decided on the locked row. */
interface DecidedChange {
  where: FindOptionsWhere<Webhook>;
  actor: string;
  decide: (webhook: Webhook, now: Date) => WebhookTransition | null;
  /** Forget what is known against the endpoint, even if nothing changes. */
  startsAfresh?: boolean;
  /** Runs in the transaction of the change. */
  report?: (manager: EntityManager, webhook: Webhook) => Promise<void>;
}

@Injectable()
export class WebhooksService {
  private readonly targetPolicy: TargetPolicy;

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    private readonly creation: WebhookCreation,
    private readonly deletion: WebhookDeletion,
    private readonly transaction: WebhookTransaction,
    private readonly pages: PageReader,
    config: Config,
  ) {
    this.targetPolicy = targetPolicyOf(config);
  }

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

  /** @param onlyId the one webhook to show; null: any. */
  list(
    { environmentId, onlyId }: { environmentId: string; onlyId: string | null },
    query: ListWebhooksQuery,
    reader: Reader,
  ): Promise<PageDto<WebhookDto>> {
    const { is_active: isActive, failing: isFailing, state } = query;
    const origin = { list: 'webhook', environmentId, parentId: onlyId };
    return this.pages.read(origin, query, reader, async ({ before, limit }) => {
      const filter = { environmentId, isActive, isFailing, state, before, ...narrowed(idFilterOf(query), onlyId) };
      const webhooks = await listWebhooks(this.webhooks, filter, limit + 1);
      return mapPart(
        toPart(webhooks, limit, ({ id }) => id),
        toWebhookDto,
      );
    });
  }

  async get(environmentId: string, id: string): Promise<WebhookDto> {
    const webhook = await findWebhook(this.webhooks, environmentId, id);
    if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
    return toWebhookDto(webhook);
  }

  async listSecrets(
    environmentId: string,
    webhookId: string,
    query: ListQuery,
    reader: Reader,
  ): Promise<PageDto<WebhookSecretDto>> {
    if (!(await findWebhook(this.webhooks, environmentId, webhookId))) throw notFound('WEBHOOK_NOT_FOUND');
    const origin = { list: 'webhook-secret', environmentId, parentId: webhookId };
    return this.pages.read(origin, query, reader, async ({ before, limit }) => {
      const range = { ...idFilterOf(query), before, limit: limit + 1 };
      const secrets = await listLiveSecrets(this.dataSource.manager, { environmentId, webhookId }, range);
      return mapPart(
        toPart(secrets, limit, ({ id }) => id),
        toWebhookSecretDto,
      );
    });
  }

  async update(environmentId: string, id: string, body: UpdateWebhookDto, actor: string): Promise<WebhookDto> {
    if (body.target_url !== undefined) this.refuseBadTarget(body.target_url);
    const patch = patchOf(body);
    const change = {
      where: { environmentId, id },
      actor,
      decide: (webhook: Webhook, now: Date) => patched(webhook, patch, now),
      startsAfresh: body.is_active === true,
    };
    const changed = await this.transaction.run((changes) => this.change(change, changes));
    if (!changed) throw notFound('WEBHOOK_NOT_FOUND');
    return toWebhookDto(changed.webhook);
  }

  /** Forgets what is known against the endpoint of an active webhook. */
  async forgetHealth(environmentId: string, id: string, actor: string): Promise<void> {
    await this.transaction.run(async (changes) => {
      const webhook = await lockWebhook(changes.manager, { environmentId, id });
      if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
      if (webhook.isActive) await this.startAfresh(webhook, actor, changes);
    });
  }

  async delete(environmentId: string, id: string, actor: string): Promise<{ id: string }> {
    await this.transaction.run(async (changes) => {
      const webhook = await lockWebhook(changes.manager, { environmentId, id });
      if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
      await this.deletion.run(environmentId, [id], actor, changes);
    });
    return { id };
  }

  /**
   * Makes a webhook inactive because of its endpoint. Does not wait for the other replicas.
   *
   * @param revision the webhook's when the endpoint did it: an old target says nothing of a new one.
   * @returns false when it is inactive or deleted already, or has changed since.
   */
  async disable(webhookId: string, revision: number, reason: 'gone' | 'failing'): Promise<boolean> {
    const change = {
      where: { id: webhookId, revision },
      actor: SYSTEM_ACTOR,
      decide: (webhook: Webhook, now: Date) => disabled(webhook, reason, now),
      report: reportDisabled,
    };
    const changed = await this.transaction.runUnattended((changes) => this.change(change, changes));
    return changed?.isNew ?? false;
  }

  /** Null: not found. `isNew`: something was written. */
  private async change(
    { where, actor, decide, startsAfresh = false, report }: DecidedChange,
    changes: WebhookChanges,
  ): Promise<{ webhook: Webhook; isNew: boolean } | null> {
    const { manager } = changes;
    const webhook = await lockWebhook(manager, where);
    if (!webhook) return null;
    const transition = decide(webhook, await databaseTime(manager));
    if (!transition?.kind && startsAfresh && webhook.isActive) await this.startAfresh(webhook, actor, changes);
    if (!transition) return { webhook, isNew: false };
    const { changedFields } = transition;
    await saveWebhook(manager, transition.webhook, { actor, action: 'changed', changedFields });
    const change = changeOf(transition);
    if (change) await changes.apply([change]);
    await report?.(manager, transition.webhook);
    return { webhook: transition.webhook, isNew: true };
  }

  /** For a webhook that is and stays active. Recorded only if something was known. */
  private async startAfresh(webhook: Webhook, actor: string, changes: WebhookChanges): Promise<void> {
    const { environmentId, id, revision } = webhook;
    const known = await changes.apply([{ kind: 'reactivated', webhookId: id, revision }]);
    if (!known.has(id)) return;
    const done = { actor, action: 'changed', changedFields: ['health'] } as const;
    await recordAudit(changes.manager, [{ environmentId, resourceType: 'webhook', resourceId: id, ...done }]);
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

function patchOf({ target_url, is_active, event_types, all_event_types }: UpdateWebhookDto): WebhookPatch {
  const eventTypes = all_event_types ? null : event_types;
  return {
    targetUrl: target_url,
    isActive: is_active,
    eventTypes: eventTypes ? withoutRepeats(eventTypes) : eventTypes,
  };
}

function changeOf({ kind, webhook }: WebhookTransition): WebhookChange | null {
  return kind && { kind, webhookId: webhook.id, revision: webhook.revision };
}

import { databaseTime } from '../database/database-time.js';
import { type EntityManager, type FindOptionsWhere, IsNull, type Repository } from 'typeorm';
import type { AuditRecord } from '../audit/audit-entry.js';
import { INSERT_AUDIT_ENTRIES, recordAudit } from '../audit/audit.repository.js';
import type { IdFilter } from '../reads/id-range.js';
import { endpointState, type EndpointState } from './endpoint-state.js';
import { Webhook } from './webhook.entity.js';
import { WebhookRevision } from './webhook-revision.entity.js';
import { idCondition } from '../reads/id-condition.js';
import { revisionOf } from './webhook-change.js';

export interface WebhookFilter extends IdFilter {
  environmentId: string;
  isActive?: boolean;
  /** An attempt has failed since the last success. */
  isFailing?: boolean;
  state?: EndpointState;
  before: string | null;
}

export function findWebhook(webhooks: Repository<Webhook>, environmentId: string, id: string): Promise<Webhook | null> {
  return webhooks.findOneBy({ environmentId, id, deletedAt: IsNull() });
}

const IS_FAILING = `EXISTS (SELECT 1 FROM webhook_health h WHERE h.webhook_id = webhook.id AND h.failing_since IS NOT NULL)`;

export function listWebhooks(webhooks: Repository<Webhook>, filter: WebhookFilter, limit: number): Promise<Webhook[]> {
  const where: FindOptionsWhere<Webhook> = {
    environmentId: filter.environmentId,
    deletedAt: IsNull(),
    ...idCondition(filter, filter.before),
  };
  if (filter.isActive !== undefined) where.isActive = filter.isActive;
  const query = webhooks.createQueryBuilder('webhook').where(where);
  if (filter.isFailing !== undefined) query.andWhere(filter.isFailing ? IS_FAILING : `NOT ${IS_FAILING}`);
  if (filter.state !== undefined) {
    query.leftJoin('webhook_health', 'health', 'health.webhook_id = webhook.id');
    query.andWhere(`${endpointState('webhook', 'health')} = :state`, { state: filter.state });
  }
  return query.orderBy('webhook.id', 'DESC').limit(limit).getMany();
}

/**
 * Keeps the webhook from changing until the transaction ends. FOR UPDATE waits for statements that fan out to it, and
 * holds up later ones.
 */
export function lockWebhook(manager: EntityManager, where: FindOptionsWhere<Webhook>): Promise<Webhook | null> {
  return manager.findOne(Webhook, {
    where: { ...where, deletedAt: IsNull() },
    lock: { mode: 'pessimistic_write' },
  });
}

/** In the order of their ids, so that two callers cannot deadlock. */
export async function lockWebhooksOf(manager: EntityManager, environmentId: string): Promise<string[]> {
  const webhooks = await manager.find(Webhook, {
    select: { environmentId: true, id: true },
    where: { environmentId, deletedAt: IsNull() },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
  return webhooks.map(({ id }) => id);
}

/**
 * Keeps the webhook from being deleted until the transaction ends.
 *
 * @returns false when there is no such webhook.
 */
export async function holdWebhook(manager: EntityManager, environmentId: string, id: string): Promise<boolean> {
  const held = await manager.findOne(Webhook, {
    select: { environmentId: true, id: true },
    where: { environmentId, id, deletedAt: IsNull() },
    lock: { mode: 'pessimistic_read' },
  });
  return held !== null;
}

/** Writes a locked, changed webhook, its revision and the audit entry. */
export async function saveWebhook(
  manager: EntityManager,
  webhook: Webhook,
  done: Pick<AuditRecord, 'actor' | 'action' | 'changedFields'>,
): Promise<void> {
  const { environmentId, id, ...state } = webhook;
  await manager.update(Webhook, { environmentId, id }, state);
  await manager.insert(WebhookRevision, revisionOf(webhook, done.actor));
  await recordAudit(manager, [{ environmentId, resourceType: 'webhook', resourceId: id, ...done }]);
}

/**
 * The rows stay for their deliveries. The secrets are wiped. An earlier statement must have locked the rows: this one
 * would not see a secret that was added while it waited.
 */
const DELETE_WEBHOOKS = `
  WITH deleted AS (
    UPDATE webhook
    SET is_active = false, revision = revision + 1, deleted_at = $4::timestamptz,
      updated_at = greatest($4::timestamptz, updated_at + interval '1 millisecond')
    WHERE environment_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL
    RETURNING *
  ),
  wiped AS (
    UPDATE webhook_secret s SET key_id = NULL, ciphertext = NULL
    FROM deleted d
    WHERE s.environment_id = d.environment_id AND s.webhook_id = d.id
  ),
  logged AS (
    INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, event_types, is_deleted,
      changed_by, changed_at)
    SELECT environment_id, id, revision, target_url, is_active, event_types, true, $3::text, updated_at FROM deleted
  ),
  audited AS (${INSERT_AUDIT_ENTRIES}
    SELECT environment_id, $3::text, 'deleted', 'webhook', id, NULL::text[] FROM deleted
  )
  SELECT id, revision FROM deleted`;

export interface DeletedWebhook {
  id: string;
  revision: number;
}

/** The transaction must hold the webhooks locked. */
export async function deleteWebhooks(
  manager: EntityManager,
  environmentId: string,
  ids: readonly string[],
  changedBy: string,
): Promise<DeletedWebhook[]> {
  const now = await databaseTime(manager);
  return manager.query<DeletedWebhook[]>(DELETE_WEBHOOKS, [environmentId, ids, changedBy, now]);
}

import { INSERT_AUDIT_ENTRIES } from '../audit/audit.repository.js';
import type { Queryable } from '../database/queryable.js';
import { StoredStatement } from '../database/stored-statement.js';
import type { WebhookSecret } from './entities/webhook-secret.entity.js';
import type { Webhook } from './entities/webhook.entity.js';

/**
 * One statement: each further one would wait its turn beside the events. The environment cannot be deleted meanwhile.
 * The count is of when the statement began: others may be making webhooks, too.
 */
export const INSERT_WEBHOOK = new StoredStatement<{ id: string }>({
  name: 'insert_webhook',
  parameters: `uuid, uuid, text, boolean, text[], timestamptz, text, timestamptz, text, uuid, text, bytea, int4`,
  returns: 'id uuid',
  sql: `
  WITH environment AS (
    SELECT id FROM environment
    WHERE id = $1 AND deleted_at IS NULL AND $13 > (
      SELECT count(*) FROM webhook w WHERE w.environment_id = $1 AND w.deleted_at IS NULL
    )
    FOR SHARE
  ),
  created AS (
    INSERT INTO webhook
      (environment_id, id, target_url, is_active, event_types, disabled_at, disabled_reason, created_at, updated_at)
    SELECT id, $2, $3, $4, $5, $6, $7, $8, $8 FROM environment
    RETURNING *
  ),
  logged AS (
    INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, event_types, is_deleted,
      changed_by, changed_at)
    SELECT environment_id, id, revision, target_url, is_active, event_types, false, $9, created_at FROM created
  ),
  sealed AS (
    INSERT INTO webhook_secret (environment_id, webhook_id, id, key_id, ciphertext, created_at)
    SELECT environment_id, id, $10, $11, $12, created_at FROM created
  ),
  audited AS (${INSERT_AUDIT_ENTRIES}
    SELECT environment_id, $9, 'created', 'webhook', id, NULL::text[] FROM created
  )
  SELECT id FROM created`,
});

/**
 * Writes a new webhook with its first revision and its first secret, and records that.
 *
 * @param limit how many webhooks the environment may have with it.
 * @returns false when its environment does not exist, or has as many; nothing is written then.
 */
export async function insertWebhook(
  database: Queryable,
  { webhook, secret, changedBy }: { webhook: Webhook; secret: WebhookSecret; changedBy: string },
  limit: number,
): Promise<boolean> {
  const rows = await INSERT_WEBHOOK.run(database, [
    webhook.environmentId,
    webhook.id,
    webhook.targetUrl,
    webhook.isActive,
    webhook.eventTypes,
    webhook.disabledAt,
    webhook.disabledReason,
    webhook.createdAt,
    changedBy,
    secret.id,
    secret.keyId,
    secret.ciphertext,
    limit,
  ]);
  return rows.length === 1;
}

import { INSERT_AUDIT_ENTRIES } from '../audit/audit.repository.js';
import type { Queryable } from '../database/queryable.js';
import { columnsOf } from '../database/statements/columns.js';
import {
  boolean,
  bytea,
  integer,
  nullable,
  text,
  textArray,
  timestamp,
  uuid,
} from '../database/statements/parameter-types.js';
import { StoredStatement } from '../database/statements/stored-statement.js';
import type { WebhookSecret } from './secrets/webhook-secret.entity.js';
import type { Webhook } from './webhook.entity.js';

/**
 * One statement, because each further one would wait its turn beside the events. It keeps the environment from being
 * deleted. The count is as of its start: others may be making webhooks, too.
 */
export const INSERT_WEBHOOK = new StoredStatement({
  name: 'insert_webhook',
  parameters: {
    environment_id: uuid,
    webhook_id: uuid,
    target_url: text,
    is_active: boolean,
    event_types: nullable(textArray),
    disabled_at: nullable(timestamp),
    disabled_reason: nullable(text),
    created_at: timestamp,
    changed_by: text,
    secret_id: uuid,
    key_id: nullable(text),
    ciphertext: nullable(bytea),
    limit: integer,
  },
  returns: columnsOf<{ id: string }>({ id: 'uuid' }),
  sql: `
  WITH environment AS (
    SELECT id FROM environment
    WHERE id = p_environment_id AND deleted_at IS NULL AND p_limit > (
      SELECT count(*) FROM webhook w WHERE w.environment_id = p_environment_id AND w.deleted_at IS NULL
    )
    FOR SHARE
  ),
  created AS (
    INSERT INTO webhook
      (environment_id, id, target_url, is_active, event_types, disabled_at, disabled_reason, created_at, updated_at)
    SELECT id, p_webhook_id, p_target_url, p_is_active, p_event_types, p_disabled_at, p_disabled_reason, p_created_at,
      p_created_at
    FROM environment
    RETURNING *
  ),
  logged AS (
    INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, event_types, is_deleted,
      changed_by, changed_at)
    SELECT environment_id, id, revision, target_url, is_active, event_types, false, p_changed_by, created_at FROM created
  ),
  sealed AS (
    INSERT INTO webhook_secret (environment_id, webhook_id, id, key_id, ciphertext, created_at)
    SELECT environment_id, id, p_secret_id, p_key_id, p_ciphertext, created_at FROM created
  ),
  audited AS (${INSERT_AUDIT_ENTRIES}
    SELECT environment_id, p_changed_by, 'created', 'webhook', id, NULL::text[] FROM created
  )
  SELECT id FROM created`,
});

/**
 * Writes a new webhook, its first revision, its first secret and the audit entry.
 *
 * @param limit how many webhooks the environment may have with it.
 * @returns false, with nothing written, when the environment does not exist or is full.
 */
export async function insertWebhook(
  database: Queryable,
  { webhook, secret, changedBy }: { webhook: Webhook; secret: WebhookSecret; changedBy: string },
  limit: number,
): Promise<boolean> {
  const rows = await INSERT_WEBHOOK.run(database, {
    environment_id: webhook.environmentId,
    webhook_id: webhook.id,
    target_url: webhook.targetUrl,
    is_active: webhook.isActive,
    event_types: webhook.eventTypes,
    disabled_at: webhook.disabledAt,
    disabled_reason: webhook.disabledReason,
    created_at: webhook.createdAt,
    changed_by: changedBy,
    secret_id: secret.id,
    key_id: secret.keyId,
    ciphertext: secret.ciphertext,
    limit,
  });
  return rows.length === 1;
}

import type { EntityManager } from 'typeorm';
import type { AuditRecord } from './audit-entry.js';

/** SQL: the start of an INSERT, for statements that record what they do. A SELECT of these columns follows. */
export const INSERT_AUDIT_ENTRIES = `
  INSERT INTO audit_entry (environment_id, actor, action, resource_type, resource_id, changed_fields)`;

const RECORD = `${INSERT_AUDIT_ENTRIES}
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS record ("environmentId" uuid, actor text, action text,
    "resourceType" text, "resourceId" uuid, "changedFields" text[])`;

/** @param manager of the transaction that does what is recorded. */
export async function recordAudit(manager: EntityManager, records: readonly AuditRecord[]): Promise<void> {
  await manager.query(RECORD, [JSON.stringify(records)]);
}

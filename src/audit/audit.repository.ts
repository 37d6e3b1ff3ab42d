import type { EntityManager } from 'typeorm';
import { type IdFilter, idRangeOf } from '../reads/id-range.js';
import type { Queryable } from '../database/queryable.js';
import type { AuditAction, AuditEntry, AuditRecord } from './audit-entry.js';

/**
 * SQL: the start of an INSERT, for statements that record what they do. A SELECT of these columns follows; the database
 * gives each entry its id and its time.
 */
export const INSERT_AUDIT_ENTRIES = `
  INSERT INTO audit_entry (environment_id, actor, action, resource_type, resource_id, changed_fields)`;

const RECORD = `${INSERT_AUDIT_ENTRIES}
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS record ("environmentId" uuid, actor text, action text,
    "resourceType" text, "resourceId" uuid, "changedFields" text[])`;

/** @param manager of the transaction that does the recorded action: both are committed, or neither */
export async function recordAudit(manager: EntityManager, records: readonly AuditRecord[]): Promise<void> {
  await manager.query(RECORD, [JSON.stringify(records)]);
}

export interface AuditFilter extends IdFilter {
  environmentId: string | null;
  actor: string | null;
  action: AuditAction | null;
  resourceId: string | null;
  /** The last id of the page before. */
  before: string | null;
  limit: number;
}

/** Newest first. The id contains its time, so the ranges need no index of their own. */
export function listAuditEntries(database: Queryable, filter: AuditFilter): Promise<AuditEntry[]> {
  return database.query<AuditEntry[]>(
    `SELECT id, environment_id AS "environmentId", actor, action, resource_type AS "resourceType",
       resource_id AS "resourceId", coalesce(changed_fields, '{}') AS "changedFields", created_at AS "createdAt"
     FROM audit_entry
     WHERE ($1::uuid IS NULL OR environment_id = $1)
       AND ($2::text IS NULL OR actor = $2)
       AND ($3::text IS NULL OR action = $3)
       AND ($4::uuid IS NULL OR resource_id = $4)
       AND id >= $5 AND id < $6
       AND ($7::uuid[] IS NULL OR id = ANY ($7))
     ORDER BY id DESC LIMIT $8`,
    [
      filter.environmentId,
      filter.actor,
      filter.action,
      filter.resourceId,
      ...idRangeOf(filter),
      filter.ids,
      filter.limit,
    ],
  );
}

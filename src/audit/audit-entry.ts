export const AUDIT_ACTIONS = ['created', 'changed', 'deleted', 'rotated', 'retried', 'recovered'] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDITED_RESOURCE_TYPES = ['environment', 'api_token', 'webhook', 'event', 'delivery'] as const;
export type AuditedResourceType = (typeof AUDITED_RESOURCE_TYPES)[number];

/** Something that was done. What a field held has no place in it. */
export interface AuditRecord {
  /** That of an environment is its own id. */
  environmentId: string;
  /** `admin`, `system`, or the id of an API token. */
  actor: string;
  action: AuditAction;
  resourceType: AuditedResourceType;
  resourceId: string;
  /** Names as the API has them, one at least; for `changed` and nothing else. */
  changedFields?: readonly string[];
}

/** It as the audit trail keeps it, under the database's time. */
export interface AuditEntry extends AuditRecord {
  id: string;
  /** Empty unless the action is `changed`. */
  changedFields: readonly string[];
  createdAt: Date;
}

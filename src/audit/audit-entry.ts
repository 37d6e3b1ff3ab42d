export const AUDIT_ACTIONS = ['created', 'changed', 'deleted', 'rotated', 'retried', 'recovered'] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDITED_RESOURCE_TYPES = ['environment', 'api_token', 'webhook', 'event', 'delivery'] as const;
export type AuditedResourceType = (typeof AUDITED_RESOURCE_TYPES)[number];

/** Never contains the value of a field. */
export interface AuditRecord {
  /** For an environment, its own id. */
  environmentId: string;
  /** `admin`, `system`, or the id of an API token. */
  actor: string;
  action: AuditAction;
  resourceType: AuditedResourceType;
  resourceId: string;
  /** At least one name, as in the API; only for `changed`. */
  changedFields?: readonly string[];
}

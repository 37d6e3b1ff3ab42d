import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditAction, AuditedResourceType } from './audit-entry.js';

/** The database gives each entry its id and its time. */
@Entity('audit_entry')
export class AuditEntry {
  @PrimaryColumn('uuid')
  id: string;

  /** For an environment, its own id. */
  @Column('uuid', { name: 'environment_id' })
  environmentId: string;

  /** `admin`, `system`, or the id of an API token, which may be gone. */
  @Column('text')
  actor: string;

  @Column('text')
  action: AuditAction;

  @Column('text', { name: 'resource_type' })
  resourceType: AuditedResourceType;

  @Column('uuid', { name: 'resource_id' })
  resourceId: string;

  /** Null unless the action is `changed`. */
  @Column('text', { name: 'changed_fields', array: true, nullable: true })
  changedFields: string[] | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;
}

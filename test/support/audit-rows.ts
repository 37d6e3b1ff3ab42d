import type { DataSource } from 'typeorm';

export interface AuditRow {
  id: string;
  environment_id: string;
  actor: string;
  action: string;
  resource_type: string;
  resource_id: string;
  changed_fields: string[] | null;
  created_at: Date;
}

/** The audit trail as the table has it, in the order in which it was written. */
export function auditRows(dataSource: DataSource): Promise<AuditRow[]> {
  return dataSource.query<AuditRow[]>('SELECT * FROM audit_entry ORDER BY ctid');
}

import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type PageDto, startAfter, toPage } from '../common/page.js';
import type { AuditEntry } from './audit-entry.js';
import type { AuditQuery } from './audit.query.js';
import { listAuditEntries } from './audit.repository.js';

@Injectable()
export class AuditService {
  constructor(private readonly dataSource: DataSource) {}

  async list(query: AuditQuery): Promise<PageDto<AuditEntry>> {
    const rows = await listAuditEntries(this.dataSource, {
      environmentId: query.environment_id ?? null,
      actor: query.actor ?? null,
      action: query.action ?? null,
      resourceId: query.resource_id ?? null,
      createdAfter: query.created_after ?? null,
      createdBefore: query.created_before ?? null,
      before: startAfter(query),
      limit: query.limit + 1,
    });
    return toPage(rows, query.limit, ({ id }) => id);
  }
}

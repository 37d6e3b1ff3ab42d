import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { idFilterOf } from '../reads/id-range.js';
import { mapPart, type PageDto, toPart } from '../reads/page.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { type AuditEntryDto, toAuditEntryDto } from './audit-entry.dto.js';
import type { AuditQuery } from './audit.query.js';
import { listAuditEntries } from './audit.repository.js';

@Injectable()
export class AuditService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly pages: PageReader,
  ) {}

  list(query: AuditQuery, reader: Reader): Promise<PageDto<AuditEntryDto>> {
    const filter = {
      environmentId: query.environment_id ?? null,
      actor: query.actor ?? null,
      action: query.action ?? null,
      resourceId: query.resource_id ?? null,
      ...idFilterOf(query),
    };
    return this.pages.read({ list: 'audit', environmentId: null }, query, reader, async ({ before, limit }) => {
      const entries = await listAuditEntries(this.dataSource, { ...filter, before, limit: limit + 1 });
      return mapPart(
        toPart(entries, limit, ({ id }) => id),
        toAuditEntryDto,
      );
    });
  }
}

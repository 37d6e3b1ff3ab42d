import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsWhere, Repository } from 'typeorm';
import { idCondition } from '../reads/id-condition.js';
import { idFilterOf } from '../reads/id-range.js';
import { mapPart, type PageDto, toPart } from '../reads/page.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { type AuditEntryDto, toAuditEntryDto } from './dto/audit-entry.dto.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { AuditQuery } from './dto/audit.query.js';

@Injectable()
export class AuditService {
  constructor(
    @InjectRepository(AuditEntry) private readonly entries: Repository<AuditEntry>,
    private readonly pages: PageReader,
  ) {}

  list(query: AuditQuery, reader: Reader): Promise<PageDto<AuditEntryDto>> {
    const ids = idFilterOf(query);
    return this.pages.read({ list: 'audit', environmentId: null }, query, reader, async ({ before, limit }) => {
      const entries = await this.entries.find({
        where: { ...conditionsOf(query), ...idCondition(ids, before) },
        order: { id: 'DESC' },
        take: limit + 1,
      });
      return mapPart(
        toPart(entries, limit, ({ id }) => id),
        toAuditEntryDto,
      );
    });
  }
}

function conditionsOf(query: AuditQuery): FindOptionsWhere<AuditEntry> {
  const { environment_id: environmentId, actor, resource_id: resourceId, action } = query;
  return {
    ...(environmentId && { environmentId }),
    ...(actor && { actor }),
    ...(resourceId && { resourceId }),
    ...(action && { action }),
  };
}

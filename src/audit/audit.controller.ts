import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../auth/access.decorators.js';
import { ApiPage, type PageDto } from '../reads/page.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { AuditEntryDto } from './dto/audit-entry.dto.js';
import { AuditQuery } from './dto/audit.query.js';
import { AuditService } from './audit.service.js';

@ApiTags('Administration')
@Controller('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @AdminOnly()
  @ApiPage(AuditEntryDto)
  @ApiOperation({
    operationId: 'listAuditEntries',
    summary: 'List Audit Entries',
    description:
      'Who created, changed or deleted what, rotated a secret, retried a delivery or recovered what a webhook missed, ' +
      'and when. Entries are never changed or removed. Filters combine.',
  })
  list(@Query() query: AuditQuery, @CurrentReader() reader: Reader): Promise<PageDto<AuditEntryDto>> {
    return this.audit.list(query, reader);
  }
}

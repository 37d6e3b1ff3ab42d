import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../auth/access.decorators.js';
import { ApiPage, type PageDto, mapPage } from '../common/page.js';
import { AuditEntryDto, toAuditEntryDto } from './audit-entry.dto.js';
import { AuditQuery } from './audit.query.js';
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
    summary: 'List the audit trail',
    description:
      'Who created, changed or deleted what, rotated a secret, retried a delivery or recovered what a webhook missed, ' +
      'and when. Entries are never changed or removed. Filters combine.',
  })
  async list(@Query() query: AuditQuery): Promise<PageDto<AuditEntryDto>> {
    return mapPage(await this.audit.list(query), toAuditEntryDto);
  }
}

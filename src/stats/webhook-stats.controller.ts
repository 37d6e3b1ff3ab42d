import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { WebhookScopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { STATS_DESCRIPTION, WebhookStatsDto } from './dto/stats.dto.js';
import { StatsQuery } from './dto/stats.query.js';
import { StatsService } from './stats.service.js';

/** A path of webhooks with the scope of deliveries: it tells what became of those. */
@ApiTags('Webhooks')
@Controller('webhook')
export class WebhookStatsController {
  constructor(private readonly stats: StatsService) {}

  @Get(':id/stats')
  @WebhookScopes('delivery:read')
  @ApiOperation({
    operationId: 'getWebhookStats',
    summary: 'Get Webhook Statistics',
    description: STATS_DESCRIPTION,
  })
  @ApiOkResponse({ type: WebhookStatsDto, description: 'The statistics, and how the endpoint is doing.' })
  get(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
    @Query() query: StatsQuery,
    @CurrentReader() reader: Reader,
  ): Promise<WebhookStatsDto> {
    return this.stats.ofWebhook(environmentId, id, query.window, reader);
  }
}

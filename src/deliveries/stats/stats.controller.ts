import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '../../auth/access.decorators.js';
import { CurrentEnvironment } from '../../auth/current-environment.decorator.js';
import { UuidParam } from '../../common/uuid-param.js';
import { EnvironmentStatsDto, WebhookStatsDto } from './dto/stats.dto.js';
import { StatsQuery } from './dto/stats.query.js';
import { StatsService } from './stats.service.js';

const DESCRIPTION =
  'Counts are exact and up to date. Deliveries are counted when they end, by what they ended as, test deliveries ' +
  'included; `pending` alone is what is owed now.';

@Controller()
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get('webhook/:id/stats')
  @ApiTags('Webhooks')
  @Scopes('delivery:read')
  @ApiOperation({ operationId: 'getWebhookStats', summary: "Get a webhook's statistics", description: DESCRIPTION })
  @ApiOkResponse({ type: WebhookStatsDto, description: 'The statistics, and how the endpoint is doing.' })
  ofWebhook(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
    @Query() query: StatsQuery,
  ): Promise<WebhookStatsDto> {
    return this.stats.ofWebhook(environmentId, id, query.window);
  }

  @Get('stats')
  @ApiTags('Deliveries')
  @Scopes('delivery:read')
  @ApiOperation({
    operationId: 'getStats',
    summary: "Get the environment's statistics",
    description: `Of all its webhooks. ${DESCRIPTION}`,
  })
  @ApiOkResponse({ type: EnvironmentStatsDto, description: 'The statistics.' })
  ofEnvironment(@CurrentEnvironment() environmentId: string, @Query() query: StatsQuery): Promise<EnvironmentStatsDto> {
    return this.stats.ofEnvironment(environmentId, query.window);
  }
}

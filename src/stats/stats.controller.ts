import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { EnvironmentStatsDto, STATS_DESCRIPTION } from './dto/stats.dto.js';
import { StatsQuery } from './dto/stats.query.js';
import { StatsService } from './stats.service.js';

@ApiTags('Deliveries')
@Controller('stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @Scopes('delivery:read')
  @ApiOperation({
    operationId: 'getStats',
    summary: 'Get Statistics',
    description: `Of all its webhooks. ${STATS_DESCRIPTION}`,
  })
  @ApiOkResponse({ type: EnvironmentStatsDto, description: 'The statistics.' })
  get(
    @CurrentEnvironment() environmentId: string,
    @Query() query: StatsQuery,
    @CurrentReader() reader: Reader,
  ): Promise<EnvironmentStatsDto> {
    return this.stats.ofEnvironment(environmentId, query.window, reader);
  }
}

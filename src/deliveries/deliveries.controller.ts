import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../common/api-errors.js';
import { ApiPage, type PageDto, SHORT_PAGES } from '../common/page.js';
import { UuidParam } from '../common/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryDetailDto, DeliveryDto } from './dto/delivery.dto.js';
import { DeliveryQuery } from './dto/delivery.query.js';

@ApiTags('Deliveries')
@Controller('delivery')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Get()
  @Scopes('delivery:read')
  @ApiOperation({ summary: 'List deliveries', description: `Newest first. Filters combine. ${SHORT_PAGES}` })
  @ApiPage(DeliveryDto)
  list(
    @CurrentEnvironment() environmentId: string,
    @Query() query: DeliveryQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<DeliveryDto>> {
    return this.deliveries.list(environmentId, query, reader);
  }

  @Get(':id')
  @Scopes('delivery:read')
  @ApiOperation({
    summary: 'Get a delivery',
    description: 'With every attempt: what was sent, what came back, and how long it took.',
  })
  @ApiOkResponse({ type: DeliveryDetailDto, description: 'The delivery.' })
  get(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('DELIVERY_NOT_FOUND') id: string,
    @CurrentReader() reader: Reader,
  ): Promise<DeliveryDetailDto> {
    return this.deliveries.get(environmentId, id, reader);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @Scopes('delivery:write')
  @ApiOperation({
    summary: 'Send a delivery again',
    description:
      'One that waits is due now; one that is finished is pending again and starts its retry schedule anew. ' +
      'The numbers of its attempts go on. When the payload of its event is gone, it stays as it is: 409.',
  })
  @ApiAcceptedResponse({ type: DeliveryDto, description: 'The delivery is due now.' })
  @ApiErrors('WEBHOOK_INACTIVE', 'WEBHOOK_DELETED', 'EVENT_EXPIRED')
  retry(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('DELIVERY_NOT_FOUND') id: string,
  ): Promise<DeliveryDto> {
    return this.deliveries.retry(environmentId, id, actorOf(principal));
  }
}

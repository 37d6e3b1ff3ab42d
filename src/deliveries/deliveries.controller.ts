import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { NarrowedScopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { OnlyWebhook } from '../auth/only-webhook.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { ApiPage, type PageDto, SHORT_PAGES } from '../reads/page.js';
import { UuidParam } from '../openapi/uuid-param.js';
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
  @NarrowedScopes('delivery:read')
  @ApiOperation({ summary: 'List Deliveries', description: `Newest first. Filters combine. ${SHORT_PAGES}` })
  @ApiPage(DeliveryDto)
  list(
    @CurrentEnvironment() environmentId: string,
    @OnlyWebhook() onlyWebhookId: string | null,
    @Query() query: DeliveryQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<DeliveryDto>> {
    return this.deliveries.list({ environmentId, onlyWebhookId }, query, reader);
  }

  @Get(':id')
  @NarrowedScopes('delivery:read')
  @ApiOperation({
    summary: 'Get Delivery',
    description: 'With every attempt: what was sent, what came back, and how long it took.',
  })
  @ApiOkResponse({ type: DeliveryDetailDto, description: 'The delivery.' })
  get(
    @CurrentEnvironment() environmentId: string,
    @OnlyWebhook() onlyWebhookId: string | null,
    @UuidParam('DELIVERY_NOT_FOUND') id: string,
    @CurrentReader() reader: Reader,
  ): Promise<DeliveryDetailDto> {
    return this.deliveries.get({ environmentId, onlyWebhookId }, id, reader);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @NarrowedScopes('delivery:write')
  @ApiOperation({
    summary: 'Retry Delivery',
    description:
      'One that waits is due now; one that is finished is pending again and starts its retry schedule anew. ' +
      'The numbers of its attempts go on. When the payload of its event is gone, it stays as it is: 409.',
  })
  @ApiAcceptedResponse({ type: DeliveryDto, description: 'The delivery is due now.' })
  @ApiErrors('WEBHOOK_INACTIVE', 'WEBHOOK_DELETED', 'EVENT_EXPIRED')
  retry(
    @CurrentEnvironment() environmentId: string,
    @OnlyWebhook() onlyWebhookId: string | null,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('DELIVERY_NOT_FOUND') id: string,
  ): Promise<DeliveryDto> {
    return this.deliveries.retry({ environmentId, onlyWebhookId }, id, actorOf(principal));
  }
}

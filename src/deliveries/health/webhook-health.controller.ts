import { Controller, Delete, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { WebhookScopes } from '../../auth/access.decorators.js';
import { CurrentEnvironment } from '../../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../../auth/principal.js';
import { UuidParam } from '../../openapi/uuid-param.js';
import { WebhookHealthDto } from '../dto/webhook-health.dto.js';
import { WebhookHealthService } from './webhook-health.service.js';

/** A path of webhooks, but here: attempts stand above them. */
@ApiTags('Webhooks')
@Controller('webhook')
export class WebhookHealthController {
  constructor(private readonly health: WebhookHealthService) {}

  @Get(':id/health')
  @WebhookScopes('webhook:read')
  @ApiOperation({
    operationId: 'getWebhookHealth',
    summary: 'Get Webhook Health',
    description:
      'How its endpoint is doing, since when, what waits for it, and the last success and failure. Tests do not count.',
  })
  @ApiOkResponse({ type: WebhookHealthDto, description: 'The health.' })
  get(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
  ): Promise<WebhookHealthDto> {
    return this.health.get(environmentId, id);
  }

  @Delete(':id/health')
  @WebhookScopes('webhook:write')
  @ApiOperation({
    operationId: 'clearWebhookHealth',
    summary: 'Clear Webhook Health',
    description:
      'Forgets what is known against the endpoint: a pause, failures, that it is down. What waits goes out at once. Use it ' +
      'when you know that the endpoint is well.',
  })
  @ApiOkResponse({ type: WebhookHealthDto, description: 'The health as it is now.' })
  clear(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
  ): Promise<WebhookHealthDto> {
    return this.health.clear(environmentId, id, actorOf(principal));
  }
}

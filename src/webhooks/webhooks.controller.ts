import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { NarrowedScopes, Scopes, WebhookScopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { OnlyWebhook } from '../auth/only-webhook.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { Creates } from '../openapi/creates.js';
import { DeletedDto } from '../openapi/dto/deleted.dto.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { ApiPage, ListQuery, type PageDto } from '../reads/page.js';
import { OptionalBody } from '../openapi/optional-body.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { CreateWebhookDto } from './dto/create-webhook.dto.js';
import { ListWebhooksQuery } from './dto/list-webhooks.query.js';
import { RotateSecretDto } from './dto/rotate-secret.dto.js';
import { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { WebhookSecretDto } from './dto/webhook-secret.dto.js';
import { WebhookWithSecretDto } from './dto/webhook-with-secret.dto.js';
import { WebhookDto } from './dto/webhook.dto.js';
import { SecretRotation } from './secrets/secret-rotation.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('Webhooks')
@Controller('webhook')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly rotation: SecretRotation,
  ) {}

  @Post()
  @Scopes('webhook:write')
  @Creates(WebhookWithSecretDto, '/webhook')
  @ApiErrors('TARGET_URL_NOT_ALLOWED', 'WEBHOOK_LIMIT_REACHED')
  @ApiOperation({
    summary: 'Create Webhook',
    description: 'Registers an endpoint. The answer carries the secret that signs what is sent to it.',
  })
  create(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateWebhookDto,
    @IdempotencyKey() idempotencyKey: string | null,
  ): Promise<WebhookWithSecretDto> {
    return this.webhooks.create(environmentId, body, actorOf(principal), idempotencyKey);
  }

  @Get()
  @NarrowedScopes('webhook:read')
  @ApiPage(WebhookDto)
  @ApiOperation({ summary: 'List Webhooks', description: 'Without their secrets. Filters combine.' })
  list(
    @CurrentEnvironment() environmentId: string,
    @OnlyWebhook() onlyId: string | null,
    @Query() query: ListWebhooksQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<WebhookDto>> {
    return this.webhooks.list({ environmentId, onlyId }, query, reader);
  }

  @Get(':id')
  @WebhookScopes('webhook:read')
  @ApiOperation({
    summary: 'Get Webhook',
    description:
      'Without its secret. How its endpoint is doing: `GET /webhook/{id}/health`. When and why it became inactive: ' +
      '`disabled_at` and `disabled_reason` of `GET /webhook/{id}/stats`.',
  })
  @ApiOkResponse({
    type: WebhookDto,
    description: 'The webhook. Why it is inactive: `disabled_reason` of `GET /webhook/{id}/stats`.',
  })
  get(@CurrentEnvironment() environmentId: string, @UuidParam('WEBHOOK_NOT_FOUND') id: string): Promise<WebhookDto> {
    return this.webhooks.get(environmentId, id);
  }

  @Patch(':id')
  @WebhookScopes('webhook:write')
  @ApiErrors('TARGET_URL_NOT_ALLOWED')
  @ApiOperation({
    summary: 'Update Webhook',
    description:
      'Once this is answered, no attempt starts under the old state. Deliveries that wait for a webhook which becomes ' +
      'inactive are canceled; one that becomes active again starts afresh. What is absent stays as it is.',
  })
  @ApiOkResponse({ type: WebhookDto, description: 'The webhook as it is now.' })
  update(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
    @Body() body: UpdateWebhookDto,
  ): Promise<WebhookDto> {
    return this.webhooks.update(environmentId, id, body, actorOf(principal));
  }

  @Delete(':id')
  @WebhookScopes('webhook:write')
  @ApiOperation({
    summary: 'Delete Webhook',
    description: 'Deliveries that wait for it are canceled; those that were made stay readable until their retention.',
  })
  @ApiOkResponse({ type: DeletedDto, description: 'Deleted.' })
  delete(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
  ): Promise<DeletedDto> {
    return this.webhooks.delete(environmentId, id, actorOf(principal));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @WebhookScopes('webhook:write')
  @OptionalBody(RotateSecretDto)
  @ApiErrors('SECRET_LIMIT_REACHED')
  @ApiOperation({
    summary: 'Rotate Webhook Secret',
    description:
      'The answer carries the new secret, which signs every attempt that starts from now on. For the overlap ' +
      'deliveries are signed with the older secrets, too: the Standard Webhooks header carries a signature by each, ' +
      'the body signature is by the oldest. Send an `Idempotency-Key`: when the answer is lost, a repeat with it gets the ' +
      'same secret, as long as that is in use.',
  })
  @ApiOkResponse({ type: WebhookWithSecretDto, description: 'The webhook with its new secret.' })
  rotateSecret(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @OnlyWebhook() onlyId: string | null,
    @UuidParam('WEBHOOK_NOT_FOUND') webhookId: string,
    @Body() { overlap_seconds: overlapSeconds }: RotateSecretDto,
    @IdempotencyKey() idempotencyKey: string | null,
  ): Promise<WebhookWithSecretDto> {
    const idempotency = idempotencyKey === null ? null : { key: idempotencyKey, isWebhooksOwn: onlyId !== null };
    const request = { overlapMs: overlapSeconds * 1_000, actor: actorOf(principal), idempotency };
    return this.rotation.rotate({ environmentId, webhookId }, request);
  }

  @Get(':id/secret')
  @WebhookScopes('webhook:read')
  @ApiPage(WebhookSecretDto)
  @ApiOperation({
    operationId: 'listWebhookSecrets',
    summary: 'List Webhook Secrets',
    description: 'Those that sign, without themselves: when each was made, and when it ends.',
  })
  listSecrets(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
    @Query() query: ListQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<WebhookSecretDto>> {
    return this.webhooks.listSecrets(environmentId, id, query, reader);
  }
}

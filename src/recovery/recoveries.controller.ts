import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { WebhookScopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { RecoverDto, RecoveryCountDto } from './dto/recover.dto.js';
import { RECOVER_RESULT_REF } from './dto/recover-result.js';
import { RecoveryDto } from './dto/recovery.dto.js';
import { RecoveriesService } from './recoveries.service.js';

/** A path of webhooks with the scopes of deliveries: it sends again, as `POST /delivery/{id}/retry` does. */
@ApiTags('Webhooks')
@Controller('webhook')
export class RecoveriesController {
  constructor(private readonly recoveries: RecoveriesService) {}

  @Post(':id/recover')
  @HttpCode(HttpStatus.ACCEPTED)
  @WebhookScopes('delivery:write')
  @ApiOperation({
    operationId: 'recoverWebhook',
    summary: 'Recover Webhook',
    description:
      'Brings back, in the background, the events of a time range that were never owed to the webhook and the ' +
      'deliveries that failed or were canceled. Deliveries that are pending are left alone, and so are those that ' +
      'succeeded unless `statuses` asks for them, so that repeating a recovery sends nothing twice. What is queued is ' +
      'sent like any other delivery, a few hundred at a time. It ends when the webhook becomes inactive.',
  })
  @ApiExtraModels(RecoveryCountDto)
  @ApiAcceptedResponse({ schema: RECOVER_RESULT_REF, description: 'The recovery has begun.' })
  @ApiOkResponse({ schema: RECOVER_RESULT_REF, description: 'With `dry_run`: how many deliveries it would queue.' })
  @ApiErrors('WEBHOOK_INACTIVE', 'RECOVERY_RUNNING')
  async start(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
    @Body() body: RecoverDto,
    @CurrentReader() reader: Reader,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecoveryDto | RecoveryCountDto> {
    if (!body.dry_run) return this.recoveries.start(environmentId, id, body, actorOf(principal));
    const count = await this.recoveries.count(environmentId, id, body, reader);
    reply.status(HttpStatus.OK);
    return count;
  }

  @Get(':id/recover')
  @WebhookScopes('delivery:read')
  @ApiOperation({
    operationId: 'getWebhookRecovery',
    summary: 'Get Webhook Recovery',
    description: 'The latest one. Ask again until `status` is no longer `running`.',
  })
  @ApiOkResponse({ type: RecoveryDto, description: 'The recovery and how far it has come.' })
  @ApiErrors('RECOVERY_NOT_FOUND')
  get(@CurrentEnvironment() environmentId: string, @UuidParam('WEBHOOK_NOT_FOUND') id: string): Promise<RecoveryDto> {
    return this.recoveries.latest(environmentId, id);
  }

  @Delete(':id/recover')
  @WebhookScopes('delivery:write')
  @ApiOperation({
    operationId: 'stopWebhookRecovery',
    summary: 'Stop Webhook Recovery',
    description: 'Once this is answered, nothing more is queued; what is queued is sent. One that has ended stays so.',
  })
  @ApiOkResponse({ type: RecoveryDto, description: 'The recovery as it ended.' })
  @ApiErrors('RECOVERY_NOT_FOUND')
  stop(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('WEBHOOK_NOT_FOUND') id: string,
  ): Promise<RecoveryDto> {
    return this.recoveries.stop(environmentId, id, actorOf(principal));
  }
}

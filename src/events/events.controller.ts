import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntakeScope, Scopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { LookUpMs } from '../auth/look-up-ms.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { DeletedDto } from '../openapi/dto/deleted.dto.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { ApiPage, type PageDto, PageQuery, SHORT_PAGES } from '../reads/page.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { AnswersVerbatim } from '../http/verbatim-answer.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { EventBatchDto, EventDetailDto, EventDto } from './dto/event.dto.js';
import { EventQuery } from './dto/event.query.js';
import { EventWebhookDto } from './dto/event-webhook.dto.js';
import { PublishEventBatchDto, PublishEventDto } from './dto/publish-event.dto.js';
import { EventWebhooksService } from './event-webhooks.service.js';
import { EventsService } from './events.service.js';

@ApiTags('Events')
@Controller('event')
export class EventsController {
  constructor(
    private readonly events: EventsService,
    private readonly eventWebhooks: EventWebhooksService,
  ) {}

  @Post()
  @HttpCode(202)
  @IntakeScope('event:write')
  @ApiOperation({
    summary: 'Publish Event',
    description:
      '202 means committed: the event is stored, and its deliveries will be attempted, whatever happens to the process ' +
      'that answers. Those of many events to many webhooks are listed within seconds, and counted as pending at once.',
  })
  @ApiAcceptedResponse({ type: EventDto, description: 'Accepted and committed.' })
  @ApiErrors('FAN_OUT_TOO_LARGE', 'PENDING_LIMIT_REACHED')
  publish(
    @CurrentEnvironment() environmentId: string,
    @IdempotencyKey() key: string | null,
    @LookUpMs() waitedMs: number,
    @Body() body: PublishEventDto,
  ): Promise<EventDto> {
    return this.events.publish(environmentId, body, key, waitedMs);
  }

  @Post('batch')
  @HttpCode(202)
  @IntakeScope('event:write')
  @ApiOperation({
    summary: 'Publish Event Batch',
    description:
      'Up to 1,000 events. All or none: one bad member refuses the batch, and the `field` of the failure names its index. A batch may owe ' +
      'any number of deliveries up to PENDING_DELIVERIES_PER_ENVIRONMENT.',
  })
  @ApiAcceptedResponse({ type: EventBatchDto, description: 'Accepted and committed.' })
  @ApiErrors('IDEMPOTENCY_CONFLICT', 'FAN_OUT_TOO_LARGE', 'PENDING_LIMIT_REACHED')
  async publishBatch(
    @CurrentEnvironment() environmentId: string,
    @LookUpMs() waitedMs: number,
    @Body() body: PublishEventBatchDto,
  ): Promise<EventBatchDto> {
    return { result: await this.events.publishBatch(environmentId, body.events, waitedMs) };
  }

  @Get()
  @Scopes('event:read')
  @ApiOperation({ summary: 'List Events', description: `Newest first. Filters combine. ${SHORT_PAGES}` })
  @ApiPage(EventDto)
  list(
    @CurrentEnvironment() environmentId: string,
    @Query() query: EventQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<EventDto>> {
    return this.events.list(environmentId, query, reader);
  }

  @Get(':id')
  @Scopes('event:read')
  @ApiOperation({
    summary: 'Get Event',
    description: 'With its payload as it was published, and its deliveries counted by status.',
  })
  @AnswersVerbatim()
  @ApiOkResponse({ type: EventDetailDto, description: 'The event.' })
  get(@CurrentEnvironment() environmentId: string, @UuidParam('EVENT_NOT_FOUND') id: string): Promise<EventDetailDto> {
    return this.events.get(environmentId, id);
  }

  @Delete(':id')
  @Scopes('event:write')
  @ApiOperation({
    summary: 'Erase Event Payload',
    description:
      'Erases the payload for good; that there was an event stays, and its `payload` is null from then on. Its ' +
      'unfinished deliveries are canceled (`stopped`); an attempt under way may end. None of its deliveries can be ' +
      'sent again. Its idempotency key stays used. Deleting it again changes nothing.',
  })
  @ApiOkResponse({ type: DeletedDto, description: 'Deleted.' })
  delete(
    @CurrentEnvironment() environmentId: string,
    @CurrentPrincipal() principal: Principal,
    @UuidParam('EVENT_NOT_FOUND') id: string,
  ): Promise<DeletedDto> {
    return this.events.delete(environmentId, id, actorOf(principal));
  }

  @Get(':id/webhooks')
  @Scopes('delivery:read')
  @ApiOperation({
    operationId: 'listEventWebhooks',
    summary: 'List Event Webhooks',
    description:
      'Why an event was sent to a webhook, or not: every webhook of the environment, those that were made later or are deleted by now too, each with its delivery ' +
      'of the event or the reason why it has none. A delivery that was recovered later counts. Of a test event: the ' +
      'webhook that was tested.',
  })
  @ApiPage(EventWebhookDto)
  listWebhooks(
    @CurrentEnvironment() environmentId: string,
    @UuidParam('EVENT_NOT_FOUND') id: string,
    @Query() query: PageQuery,
    @CurrentReader() reader: Reader,
  ): Promise<PageDto<EventWebhookDto>> {
    return this.eventWebhooks.list(environmentId, id, query, reader);
  }
}

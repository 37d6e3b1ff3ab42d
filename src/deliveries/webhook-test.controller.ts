import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { NarrowedScopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { OnlyWebhook, refuseOtherWebhook } from '../auth/only-webhook.decorator.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { WebhookTestDto, WebhookTestResultDto } from './dto/webhook-test.dto.js';
import { WebhookTester } from './webhook-tester.js';

/** A path of webhooks, but here: sending stands above them. */
@ApiTags('Webhooks')
@Controller('webhook')
export class WebhookTestController {
  constructor(private readonly tester: WebhookTester) {}

  @Post('test')
  @HttpCode(200)
  @NarrowedScopes('webhook:write')
  @ApiOperation({
    operationId: 'testWebhook',
    summary: 'Send Test Event',
    description:
      'Sends one signed example event now and tells how the endpoint answered. It is logged as a delivery of type ' +
      '`test` with one attempt; it is not retried.',
  })
  @ApiOkResponse({ type: WebhookTestResultDto, description: 'The endpoint accepted the event.' })
  @ApiErrors('WEBHOOK_NOT_FOUND', 'WEBHOOK_INACTIVE', 'TEST_DELIVERY_FAILED')
  async test(
    @CurrentEnvironment() environmentId: string,
    @OnlyWebhook() onlyId: string | null,
    @Body() body: WebhookTestDto,
  ): Promise<WebhookTestResultDto> {
    refuseOtherWebhook(onlyId, body.id);
    return this.tester.test(environmentId, body);
  }
}

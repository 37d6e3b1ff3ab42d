import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '../auth/access.decorators.js';
import { CurrentEnvironment } from '../auth/current-environment.decorator.js';
import { ApiErrors } from '../common/api-errors.js';
import { WebhookTestDto, WebhookTestResultDto } from './dto/webhook-test.dto.js';
import { WebhookTester } from './webhook-tester.js';

/** Under the path of webhooks, but here: sending stands above them. */
@ApiTags('Webhooks')
@Controller('webhook')
export class WebhookTestController {
  constructor(private readonly tester: WebhookTester) {}

  @Post('test')
  @HttpCode(200)
  @Scopes('webhook:write')
  @ApiOperation({
    operationId: 'testWebhook',
    summary: 'Send a test event to a webhook',
    description:
      'Sends one signed example event now and tells how the endpoint answered. It is logged as a delivery of type ' +
      '`test` with one attempt; it is not retried.',
  })
  @ApiOkResponse({ type: WebhookTestResultDto, description: 'The endpoint accepted the event.' })
  @ApiErrors('WEBHOOK_NOT_FOUND', 'WEBHOOK_INACTIVE', 'TEST_DELIVERY_FAILED')
  test(@CurrentEnvironment() environmentId: string, @Body() body: WebhookTestDto): Promise<WebhookTestResultDto> {
    return this.tester.test(environmentId, body);
  }
}

import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import type { WebhookEvent } from '@tidings/client';
import { handleStored, store } from '../inbox.js';
import { VerifiedEvent, WebhookGuard } from './webhook.guard.js';

@Controller('webhooks')
@UseGuards(WebhookGuard)
export class WebhooksController {
  @Post()
  @HttpCode(204)
  async receive(@VerifiedEvent() event: WebhookEvent): Promise<void> {
    await store(event);
    // After the answer, which Nest sends when this method has returned.
    setImmediate(() => void handleStored());
  }
}

import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { unwrap, type WebhookEvent, WebhookVerificationError } from '@tidings/client';
import type { Request } from 'express';
import { webhookSecrets } from '../webhook-secrets.js';

type WebhookRequest = Request<object, unknown, unknown> & { webhookEvent?: WebhookEvent };

/** Lets through what Tidings has signed. Needs `express.raw` before it, as `main.ts` has it. */
@Injectable()
export class WebhookGuard implements CanActivate {
  private readonly secrets = webhookSecrets();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<WebhookRequest>();
    if (!Buffer.isBuffer(request.body)) {
      console.log('refused: it is not JSON by its content type');
      throw new UnsupportedMediaTypeException();
    }
    try {
      request.webhookEvent = unwrap(request.headers, request.body, this.secrets);
      return true;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      console.log(`refused: ${error.message}`);
      throw new UnauthorizedException();
    }
  }
}

/** The event that `WebhookGuard` has verified. */
export const VerifiedEvent = createParamDecorator((_data: unknown, context: ExecutionContext): WebhookEvent => {
  const { webhookEvent } = context.switchToHttp().getRequest<WebhookRequest>();
  if (!webhookEvent) throw new Error('@VerifiedEvent() needs @UseGuards(WebhookGuard)');
  return webhookEvent;
});

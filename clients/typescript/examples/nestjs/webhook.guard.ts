import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type RawBodyRequest,
  UnauthorizedException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { unwrap, type WebhookEvent, WebhookVerificationError } from '@tidings/client';
import type { Request } from 'express';
import { webhookSecrets } from '../webhook-secrets.js';

type WebhookRequest = RawBodyRequest<Request> & { webhookEvent?: WebhookEvent };

/** Lets through what Tidings has signed. Needs `rawBody: true` where the application is created. */
@Injectable()
export class WebhookGuard implements CanActivate {
  private readonly secrets = webhookSecrets();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<WebhookRequest>();
    if (!request.rawBody) throw new UnsupportedMediaTypeException();
    try {
      request.webhookEvent = unwrap(request.headers, request.rawBody, this.secrets);
      return true;
    } catch (error) {
      if (error instanceof WebhookVerificationError) throw new UnauthorizedException();
      throw error;
    }
  }
}

/** The event that `WebhookGuard` has verified. */
export const VerifiedEvent = createParamDecorator((_data: unknown, context: ExecutionContext): WebhookEvent => {
  const { webhookEvent } = context.switchToHttp().getRequest<WebhookRequest>();
  if (!webhookEvent) throw new Error('@VerifiedEvent() needs @UseGuards(WebhookGuard)');
  return webhookEvent;
});

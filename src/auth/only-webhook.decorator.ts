import { type ExecutionContext, SetMetadata, createParamDecorator } from '@nestjs/common';
import { notFound } from '../http/not-found.js';
import { onlyWebhookOf } from './principal.js';
import { type Authenticated, principalOf } from './request-principal.js';

export const NARROWED_METADATA = 'tidings:narrowed';

const OnlyWebhookOfToken = createParamDecorator((_: unknown, context: ExecutionContext): string | null =>
  onlyWebhookOf(principalOf(context.switchToHttp().getRequest<Authenticated>())),
);

/**
 * The only webhook that the request may use, with its deliveries; null: the whole environment. A route of
 * `@NarrowedScopes` must use it.
 */
export function OnlyWebhook(): ParameterDecorator {
  return (target, key, index) => {
    OnlyWebhookOfToken()(target, key, index);
    SetMetadata(NARROWED_METADATA, true)(target, key!, Object.getOwnPropertyDescriptor(target, key!)!);
  };
}

/**
 * @param onlyId null: any.
 * @param id the webhook that the request names, in any case of letters.
 * @throws ApiError WEBHOOK_NOT_FOUND for another webhook, as for a missing one.
 */
export function refuseOtherWebhook(onlyId: string | null, id: unknown): void {
  if (onlyId !== null && (typeof id !== 'string' || id.toLowerCase() !== onlyId)) throw notFound('WEBHOOK_NOT_FOUND');
}

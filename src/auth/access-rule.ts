import type { FastifyRequest } from 'fastify';
import { ApiError } from '../http/errors.js';
import type { Access } from './access.decorators.js';
import { environmentNamedBy, environmentOf } from './current-environment.decorator.js';
import { refuseOtherWebhook } from './only-webhook.decorator.js';
import type { Principal } from './principal.js';

/**
 * @throws ApiError when the access rule, or the environment or webhook of the request, does not allow the principal.
 */
export function refuseUnlessAllowed(
  principal: Principal,
  access: Access,
  request: Pick<FastifyRequest, 'query' | 'params'>,
): void {
  const refusal = refusalOf(principal, access);
  if (refusal) throw new ApiError('FORBIDDEN', refusal);
  // Also where the route acts in no environment: naming a foreign one means the wrong token.
  if (principal.kind !== 'api_token') return;
  environmentOf(principal, environmentNamedBy(request));
  if (access.kind === 'scopes' && access.keptToWebhookBy === 'path') {
    refuseOtherWebhook(principal.webhookId, (request.params as Record<string, unknown>)['id']);
  }
}

/** Null when the rule allows the principal. */
export function refusalOf(principal: Principal, access: Access): string | null {
  if (principal.kind === 'admin') return null;
  if (access.kind === 'admin') return 'Only the admin token may do this';
  if (access.kind !== 'scopes') return null;
  if (principal.webhookId !== null && access.keptToWebhookBy === undefined) {
    return 'The token is for one webhook; this takes a token of the environment';
  }
  const missing = access.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length === 0) return null;
  return `The token lacks the scope${missing.length > 1 ? 's' : ''} ${missing.join(' and ')}`;
}

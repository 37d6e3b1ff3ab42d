import type { FastifyRequest } from 'fastify';
import { ApiError } from '../common/errors.js';
import type { Access } from './access.decorators.js';
import { environmentNamedBy, environmentOf } from './current-environment.decorator.js';
import type { Principal } from './principal.js';

/** @throws ApiError where the access rule, or the environment that the request names, is not for the principal. */
export function refuseUnlessAllowed(
  principal: Principal,
  access: Access,
  request: Pick<FastifyRequest, 'query'>,
): void {
  const refusal = refusalOf(principal, access);
  if (refusal) throw new ApiError('FORBIDDEN', refusal);
  // Also where the route acts in no environment: a request that names a foreign one is mistaken about its token.
  if (principal.kind === 'api_token') environmentOf(principal, environmentNamedBy(request));
}

/** Why the access rule does not let the principal in, or null when it does. */
export function refusalOf(principal: Principal, access: Access): string | null {
  if (principal.kind === 'admin') return null;
  if (access.kind === 'admin') return 'Only the admin token may do this';
  if (access.kind !== 'scopes') return null;
  const missing = access.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length === 0) return null;
  return `The token lacks the scope${missing.length > 1 ? 's' : ''} ${missing.join(' and ')}`;
}

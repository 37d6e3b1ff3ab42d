import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../common/errors.js';
import { ACCESS_METADATA, type Access } from './access.decorators.js';
import { environmentNamedBy, environmentOf } from './current-environment.decorator.js';
import type { Principal } from './principal.js';
import { principalOf } from './request-principal.js';

/** Stands before every route and refuses what the route's access rule does not allow to whoever makes the request. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(ACCESS_METADATA, context.getHandler());
    if (!access)
      throw new Error(`The route ${context.getClass().name}.${context.getHandler().name} has no access rule`);
    if (access.kind === 'public') return true;

    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = principalOf(request);
    const refusal = refusalOf(principal, access);
    if (refusal) throw new ApiError('FORBIDDEN', refusal);
    // Also where the route acts in no environment: a request that names a foreign one is mistaken about its token.
    if (principal.kind === 'api_token') environmentOf(principal, environmentNamedBy(request));
    return true;
  }
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

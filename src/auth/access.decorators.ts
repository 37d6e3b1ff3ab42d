import { SetMetadata, applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { ApiErrors } from '../common/api-errors.js';
import type { Scope } from './principal.js';

export const ACCESS_METADATA = 'tidings:access';

/** Who may call a route. */
export type Access =
  | { readonly kind: 'scopes'; readonly scopes: readonly Scope[] }
  | { readonly kind: 'admin' }
  | { readonly kind: 'any_token' }
  | { readonly kind: 'public' };

/** The route is for API tokens that hold all of these scopes, and for the admin token. */
export function Scopes(...scopes: [Scope, ...Scope[]]): MethodDecorator {
  return applyDecorators(
    access({ kind: 'scopes', scopes }),
    ApiBearerAuth(),
    ApiExtension('x-required-scopes', scopes),
    ApiErrors('UNAUTHORIZED', 'FORBIDDEN'),
  );
}

/** The route is for the admin token alone. */
export function AdminOnly(): MethodDecorator {
  return applyDecorators(access({ kind: 'admin' }), ApiBearerAuth(), ApiErrors('UNAUTHORIZED', 'FORBIDDEN'));
}

/** The route is for every valid token, whatever its scopes. */
export function AnyToken(): MethodDecorator {
  return applyDecorators(
    access({ kind: 'any_token' }),
    ApiBearerAuth(),
    ApiErrors('VALIDATION_FAILED', 'ENVIRONMENT_MISMATCH', 'UNAUTHORIZED'),
  );
}

/** The route asks for no token and does not look at one that is sent. */
export function Public(): MethodDecorator {
  return access({ kind: 'public' });
}

/** On the method for the guard, and on the route for the hook that authenticates before there is a method to call. */
function access(rule: Access): MethodDecorator {
  return applyDecorators(SetMetadata(ACCESS_METADATA, rule), RouteConfig({ access: rule }));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

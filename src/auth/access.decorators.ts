import { SetMetadata, applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import { ApiErrors } from '../common/api-errors.js';
import type { Scope } from './principal.js';

export const ACCESS_METADATA = 'tidings:access';

/** How a request says who sends it, by its name in the OpenAPI document. */
export const BEARER = 'bearer';

/** What the document says in the place of scopes where they do not suffice. */
const ADMIN_ROLE = 'admin';

export const BEARER_DESCRIPTION =
  'The admin token or an API token. Each operation lists the scopes that an API token needs: it must hold all of them; ' +
  `an empty list asks for any token, \`${ADMIN_ROLE}\` for the admin token, which may do everything.`;

/** Who may call a route. */
export type Access =
  | { readonly kind: 'scopes'; readonly scopes: readonly Scope[]; readonly isIntake?: boolean }
  | { readonly kind: 'admin' }
  | { readonly kind: 'any_token' }
  | { readonly kind: 'public' };

/** The route is for API tokens that hold all of these scopes, and for the admin token. */
export function Scopes(...scopes: [Scope, ...Scope[]]): MethodDecorator {
  return scoped({ kind: 'scopes', scopes });
}

/** As `@Scopes`, for a route that takes events in: its requests are not counted against RATE_LIMIT_PER_10S. */
export function IntakeScope(scope: Scope): MethodDecorator {
  return scoped({ kind: 'scopes', scopes: [scope], isIntake: true });
}

function scoped(rule: Access & { kind: 'scopes' }): MethodDecorator {
  return applyDecorators(
    access(rule),
    ApiSecurity(BEARER, [...rule.scopes]),
    ApiErrors('UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'),
  );
}

/** The route is for the admin token alone. */
export function AdminOnly(): MethodDecorator {
  return applyDecorators(
    access({ kind: 'admin' }),
    ApiSecurity(BEARER, [ADMIN_ROLE]),
    ApiErrors('UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'),
  );
}

/** The route is for every valid token, whatever its scopes. */
export function AnyToken(): MethodDecorator {
  return applyDecorators(
    access({ kind: 'any_token' }),
    ApiSecurity(BEARER),
    ApiErrors('VALIDATION_FAILED', 'ENVIRONMENT_MISMATCH', 'UNAUTHORIZED', 'RATE_LIMITED'),
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

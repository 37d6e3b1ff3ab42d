import { SetMetadata, applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import { ApiErrors } from '../openapi/api-errors.js';
import { ADMIN_ROLE, BEARER } from '../openapi/bearer.js';
import type { Scope, WEBHOOK_SCOPES } from './principal.js';

export const ACCESS_METADATA = 'tidings:access';

type WebhookScope = (typeof WEBHOOK_SCOPES)[number];

export type Access =
  | {
      readonly kind: 'scopes';
      readonly scopes: readonly Scope[];
      readonly isIntake?: boolean;
      /** What limits a token of one webhook to that webhook. Absent: such a token is refused. */
      readonly keptToWebhookBy?: 'path' | 'handler';
    }
  | { readonly kind: 'admin' }
  | { readonly kind: 'any_token' }
  | { readonly kind: 'public' };

/**
 * For API tokens with all of these scopes, and for the admin token. The route acts on the whole environment, so a token
 * of one webhook is refused.
 */
export function Scopes(...scopes: [Scope, ...Scope[]]): MethodDecorator {
  return scoped({ kind: 'scopes', scopes });
}

/**
 * Like `@Scopes`, for a route that acts only on the webhook `:id` of its path. To a token of one webhook any other
 * webhook looks missing.
 */
export function WebhookScopes(...scopes: [WebhookScope, ...WebhookScope[]]): MethodDecorator {
  return scoped({ kind: 'scopes', scopes, keptToWebhookBy: 'path' });
}

/** Like `@Scopes`, for a route that keeps to the webhook of `@OnlyWebhook()`. */
export function NarrowedScopes(...scopes: [WebhookScope, ...WebhookScope[]]): MethodDecorator {
  return scoped({ kind: 'scopes', scopes, keptToWebhookBy: 'handler' });
}

/** Like `@Scopes`, for a route that accepts events: RATE_LIMIT_PER_10S does not count its requests. */
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

export function AdminOnly(): MethodDecorator {
  return applyDecorators(
    access({ kind: 'admin' }),
    ApiSecurity(BEARER, [ADMIN_ROLE]),
    ApiErrors('UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'),
  );
}

/** For every valid token: the route reveals nothing of an environment. */
export function AnyToken(): MethodDecorator {
  return applyDecorators(
    access({ kind: 'any_token' }),
    ApiSecurity(BEARER),
    ApiErrors('VALIDATION_FAILED', 'ENVIRONMENT_MISMATCH', 'UNAUTHORIZED', 'RATE_LIMITED'),
  );
}

/** The route ignores a token that is sent. */
export function Public(): MethodDecorator {
  return access({ kind: 'public' });
}

export function isPublic(handler: object): boolean {
  const rule = Reflect.getMetadata(ACCESS_METADATA, handler) as Access | undefined;
  return rule?.kind === 'public';
}

/** On the method for the guard, and on the route for the hook, which runs before a method is known. */
function access(rule: Access): MethodDecorator {
  return applyDecorators(SetMetadata(ACCESS_METADATA, rule), RouteConfig({ access: rule }));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

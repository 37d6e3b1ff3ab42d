/** Every scope of an API token, in the order of the API's lists. A new token has all of them by default. */
export const SCOPES = [
  'webhook:read',
  'webhook:write',
  'event:read',
  'event:write',
  'delivery:read',
  'delivery:write',
] as const;

export type Scope = (typeof SCOPES)[number];

/**
 * The scopes of a token of one webhook: an event belongs to the environment. Such a token has all of these by default.
 */
export const WEBHOOK_SCOPES = [
  'webhook:read',
  'webhook:write',
  'delivery:read',
  'delivery:write',
] as const satisfies readonly Scope[];

/** The one admin token: it has every scope, in any environment. */
export interface AdminPrincipal {
  readonly kind: 'admin';
}

/** An API token that was neither revoked nor expired when the request arrived. */
export interface ApiTokenPrincipal {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly environmentId: string;
  /** The only webhook that it sees and changes, with its deliveries; null: everything in the environment. */
  readonly webhookId: string | null;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

export type Principal = AdminPrincipal | ApiTokenPrincipal;

/** The only webhook that the principal may use; null: any. */
export function onlyWebhookOf(principal: Principal): string | null {
  return principal.kind === 'api_token' ? principal.webhookId : null;
}

/** The actor of what Tidings did by itself. */
export const SYSTEM_ACTOR = 'system';

/** How the audit trail and `webhook_revision.changed_by` name the principal: `admin`, or the API token's id. */
export function actorOf(principal: Principal): string {
  return principal.kind === 'admin' ? 'admin' : principal.id;
}

/** Every scope that an API token can hold, in the order in which the API lists them. A new token holds all by default. */
export const SCOPES = [
  'webhook:read',
  'webhook:write',
  'event:read',
  'event:write',
  'delivery:read',
  'delivery:write',
] as const;

export type Scope = (typeof SCOPES)[number];

/** The one admin token: passes every scope, in any environment. */
export interface AdminPrincipal {
  readonly kind: 'admin';
}

/** An API token that was neither revoked nor expired when the request arrived. */
export interface ApiTokenPrincipal {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly environmentId: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

/** Who makes a request. */
export type Principal = AdminPrincipal | ApiTokenPrincipal;

/** Who is said to have done what Tidings did by itself. */
export const SYSTEM_ACTOR = 'system';

/** How the audit trail and `webhook_revision.changed_by` name the principal: `admin`, or the API token's id. */
export function actorOf(principal: Principal): string {
  return principal.kind === 'admin' ? 'admin' : principal.id;
}

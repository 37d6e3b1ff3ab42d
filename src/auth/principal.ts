/** In the order of the API's lists. A new token has all by default. */
export const SCOPES = [
  'webhook:read',
  'webhook:write',
  'event:read',
  'event:write',
  'delivery:read',
  'delivery:write',
] as const;

export type Scope = (typeof SCOPES)[number];

/** For tokens of one webhook. They exclude events, which belong to the environment. */
export const WEBHOOK_SCOPES = [
  'webhook:read',
  'webhook:write',
  'delivery:read',
  'delivery:write',
] as const satisfies readonly Scope[];

/** Has every scope, in any environment. */
export interface AdminPrincipal {
  readonly kind: 'admin';
}

/** Neither revoked nor expired when the request arrived. */
export interface ApiTokenPrincipal {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly environmentId: string;
  /** The only webhook that it may use, with its deliveries; null: the whole environment. */
  readonly webhookId: string | null;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

export type Principal = AdminPrincipal | ApiTokenPrincipal;

export function onlyWebhookOf(principal: Principal): string | null {
  return principal.kind === 'api_token' ? principal.webhookId : null;
}

/** Tidings itself. */
export const SYSTEM_ACTOR = 'system';

/** As in the audit trail and `webhook_revision.changed_by`: `admin`, or the API token's id. */
export function actorOf(principal: Principal): string {
  return principal.kind === 'admin' ? 'admin' : principal.id;
}

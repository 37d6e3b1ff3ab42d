import { actorOf, type Principal } from './principal.js';

/** Beside the request instead of on it: nothing that logs or serialises a request can then show who made it. */
const principals = new WeakMap<object, Principal>();

/** For {@link AuthenticationHook} alone. */
export function setPrincipal(request: object, principal: Principal): void {
  principals.set(request, principal);
}

/** Throws where the request was not authenticated: on a route that is @Public. */
export function principalOf(request: object): Principal {
  const principal = principals.get(request);
  if (!principal) throw new Error('A public route has no principal');
  return principal;
}

/** A name for who makes the request, or null where it was not authenticated. */
export function senderOf(request: object): string | null {
  const principal = principals.get(request);
  return principal ? actorOf(principal) : null;
}

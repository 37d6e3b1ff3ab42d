import { actorOf, type Principal } from './principal.js';

/** Not a property of the request: nothing that logs or serialises requests can show it. */
const principals = new WeakMap<object, Principal>();

/** Only for {@link AuthenticationHook}. */
export function setPrincipal(request: object, principal: Principal): void {
  principals.set(request, principal);
}

/** Throws for a request that was not authenticated, on a route with @Public. */
export function principalOf(request: object): Principal {
  const principal = principals.get(request);
  if (!principal) throw new Error('A public route has no principal');
  return principal;
}

/** Null if the request was not authenticated. */
export function senderOf(request: object): string | null {
  const principal = principals.get(request);
  return principal ? actorOf(principal) : null;
}

import type { FastifyRequest } from 'fastify';
import { actorOf, type Principal } from './principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: nobody was asked who sends it. A WeakMap from requests would keep the garbage collector busy. */
    principal: Principal | null;
    /** How long the look-up of its token took. ACCEPT_WAIT is one for a request. */
    lookUpMs: number;
  }
}

export type Authenticated = Pick<FastifyRequest, 'principal'>;

/** Throws for a request that was not authenticated, on a route with @Public. */
export function principalOf({ principal }: Authenticated): Principal {
  if (!principal) throw new Error('A public route has no principal');
  return principal;
}

/** Null if the request was not authenticated. */
export function senderOf({ principal }: Authenticated): string | null {
  return principal ? actorOf(principal) : null;
}

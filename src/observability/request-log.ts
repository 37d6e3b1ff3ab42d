import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

const CONTEXT = 'Http';
/**
 * Asked every few seconds, or thousands of times a second, by machines; at level `info` they would hide the rest. What
 * was taken in is in the log of events.
 */
const MACHINE_ROUTE = /^\/(health|metrics)(\/|$)|^\/event(\/batch)?$/;

/**
 * Logs every answered request by its route pattern: never its URL, headers or body, which hold what callers keep
 * to themselves.
 */
export function logRequests(fastify: FastifyInstance, logger: LoggerService): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? null : (request.routeOptions.url ?? null);
    const line = {
      msg: 'request',
      method: request.method,
      route,
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      request_id: request.id,
    };
    if (route !== null && MACHINE_ROUTE.test(route) && reply.statusCode < 400) logger.debug?.(line, CONTEXT);
    else logger.log(line, CONTEXT);
    done();
  });
}

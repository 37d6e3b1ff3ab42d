import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

const CONTEXT = 'Http';
/** Asked every few seconds by machines; at level `info` they would hide the rest. */
const MACHINE_ROUTE = /^\/(health|metrics)(\/|$)/;

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
    if (route !== null && MACHINE_ROUTE.test(route)) logger.debug?.(line, CONTEXT);
    else logger.log(line, CONTEXT);
    done();
  });
}

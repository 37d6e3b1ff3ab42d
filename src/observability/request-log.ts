import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const CONTEXT = 'Http';
/**
 * Machines send these very often; at level `info` they would hide the rest. Accepted events are in the log of events.
 */
const MACHINE_REQUEST = /^(GET|HEAD) \/(health|metrics)(\/|$)|^POST \/event(\/batch)?$/;

const ADDRESS = /^[\da-f.:]{2,45}$/i;

export interface RequestLogOptions {
  /** `errors`: those that are answered with 400 or above. */
  which: 'all' | 'errors' | 'none';
  /** The id of the request's token, or `admin`; null: it had no valid token. */
  senderOf: (request: FastifyRequest) => string | null;
}

/** Never logs the URL, headers or body, which contain private data of callers: only the route pattern. */
export function logRequests(
  fastify: FastifyInstance,
  logger: LoggerService,
  { which, senderOf }: RequestLogOptions,
): void {
  if (which === 'none') return;
  fastify.addHook('onResponse', (request, reply, done) => {
    const isError = reply.statusCode >= 400;
    if (which === 'all' || isError) {
      const route = request.is404 ? null : (request.routeOptions.url ?? null);
      const line = {
        msg: 'request',
        method: request.method,
        route,
        status: reply.statusCode,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
        request_id: request.id,
        token_id: senderOf(request),
        // A value forwarded by a trusted proxy may not be an address.
        client: ADDRESS.test(request.ip) ? request.ip : null,
      };
      const isByMachine = route !== null && MACHINE_REQUEST.test(`${request.method} ${route}`);
      if (isByMachine && !isError) logger.debug?.(line, CONTEXT);
      else logger.log(line, CONTEXT);
    }
    done();
  });
}

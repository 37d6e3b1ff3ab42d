import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { environmentNamedBy } from '../auth/current-environment.decorator.js';
import { actorOf } from '../auth/principal.js';
import { principalOf } from '../auth/request-principal.js';
import { clientSignalOf } from './client-signal.js';
import type { Reader } from './read-turns.js';

/** Reads of the admin token over all environments take their own turns. */
const ALL_ENVIRONMENTS = 'all';

/** Throws on public routes. */
export const CurrentReader = createParamDecorator((_: unknown, context: ExecutionContext): Reader => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const principal = principalOf(request);
  const named = environmentNamedBy(request);
  return {
    environmentId: principal.kind === 'api_token' ? principal.environmentId : readerEnvironmentOf(named),
    tokenId: actorOf(principal),
    signal: clientSignalOf(request, http.getResponse<FastifyReply>()),
  };
});

function readerEnvironmentOf(named: unknown): string {
  return typeof named === 'string' ? named.toLowerCase() : ALL_ENVIRONMENTS;
}

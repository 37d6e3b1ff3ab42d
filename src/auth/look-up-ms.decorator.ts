import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import './request-principal.js';

/** How long the request has waited for its token to be looked up, in milliseconds. */
export const LookUpMs = createParamDecorator(
  (_: unknown, context: ExecutionContext): number => context.switchToHttp().getRequest<FastifyRequest>().lookUpMs,
);

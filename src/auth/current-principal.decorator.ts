import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Principal } from './principal.js';
import { type Authenticated, principalOf } from './request-principal.js';

/** Throws on public routes. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<Authenticated>()),
);

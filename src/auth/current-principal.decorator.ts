import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Principal } from './principal.js';
import { principalOf } from './request-principal.js';

/** The {@link Principal} that makes the request. Not for public routes: it throws there. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<object>()),
);

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS_METADATA, type Access } from './access.decorators.js';
import { principalOf } from './request-principal.js';

/**
 * Stands before every route and lets nothing through that {@link AuthenticationHook} did not decide about. That decides
 * when the headers are there; this holds whatever the order of hooks becomes.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(ACCESS_METADATA, context.getHandler());
    if (!access)
      throw new Error(`The route ${context.getClass().name}.${context.getHandler().name} has no access rule`);
    // Throws for a request that nobody was found to make.
    if (access.kind !== 'public') principalOf(context.switchToHttp().getRequest());
    return true;
  }
}

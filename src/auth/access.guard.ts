import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS_METADATA, type Access } from './access.decorators.js';
import { principalOf } from './request-principal.js';

/** Refuses every request that {@link AuthenticationHook} did not decide about, even if the order of hooks changes. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(ACCESS_METADATA, context.getHandler());
    if (!access)
      throw new Error(`The route ${context.getClass().name}.${context.getHandler().name} has no access rule`);
    // Throws for a request without a principal.
    if (access.kind !== 'public') principalOf(context.switchToHttp().getRequest());
    return true;
  }
}

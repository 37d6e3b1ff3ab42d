import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AccessDeclarations } from './access-declarations.js';
import { AccessGuard } from './access.guard.js';
import { AuthenticationHook } from './authentication-hook.js';
import { Authenticator } from './authenticator.js';
import { EnvironmentDirectory } from './environment-directory.js';
import { LiveReplicas } from './live-replicas.js';
import { RequestLimits } from './request-limits.js';
import { TokenUsage } from './token-usage.js';

/**
 * Modules that use `@CurrentEnvironment()` import it, because the decorator's pipe looks up the environment. The guard
 * is global.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessDeclarations,
    AuthenticationHook,
    Authenticator,
    EnvironmentDirectory,
    LiveReplicas,
    RequestLimits,
    TokenUsage,
  ],
  exports: [Authenticator, EnvironmentDirectory, LiveReplicas],
})
export class AuthModule {}

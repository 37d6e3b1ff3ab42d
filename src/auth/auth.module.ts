import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ACCESS } from '../database/data-sources.js';
import { AccessDeclarations } from './access-declarations.js';
import { AccessGuard } from './access.guard.js';
import { ApiToken } from './api-token.entity.js';
import { AuthenticationHook } from './authentication-hook.js';
import { Authenticator } from './authenticator.js';
import { EnvironmentDirectory } from './environment-directory.js';
import { Environment } from './environment.entity.js';
import { LiveReplicas } from './live-replicas.js';
import { RequestLimits } from './request-limits.js';
import { TokenUsage } from './token-usage.js';

/** For modules that use `@CurrentEnvironment()`. The guard is global. */
@Module({
  imports: [
    DiscoveryModule,
    TypeOrmModule.forFeature([ApiToken, Environment]),
    TypeOrmModule.forFeature([ApiToken], ACCESS),
  ],
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

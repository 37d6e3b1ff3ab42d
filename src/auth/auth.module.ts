import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AccessDeclarations } from './access-declarations.js';
import { AccessGuard } from './access.guard.js';
import { ApiTokensController } from './api-tokens.controller.js';
import { ApiTokensService } from './api-tokens.service.js';
import { AuthBootstrap } from './auth-bootstrap.js';
import { AuthenticationHook } from './authentication-hook.js';
import { Authenticator } from './authenticator.js';
import { EnvironmentDirectory } from './environment-directory.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsService } from './environments.service.js';
import { MeController } from './me.controller.js';
import { RequestLimits } from './request-limits.js';
import { TokenUsage } from './token-usage.js';

/** Global, because `@CurrentEnvironment()` looks its environment up wherever it is used. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [EnvironmentsController, ApiTokensController, MeController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessDeclarations,
    ApiTokensService,
    AuthBootstrap,
    AuthenticationHook,
    Authenticator,
    EnvironmentDirectory,
    EnvironmentsService,
    RequestLimits,
    TokenUsage,
  ],
  exports: [EnvironmentDirectory],
})
export class AuthModule {}

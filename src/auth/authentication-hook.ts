import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { repeatWhileInTrouble } from '../database/repeat-while-in-trouble.js';
import { ApiError } from '../http/errors.js';
import type { Access } from './access.decorators.js';
import { refuseUnlessAllowed } from './access-rule.js';
import { Authenticator } from './authenticator.js';
import { RequestLimits } from './request-limits.js';
import { TokenUsage } from './token-usage.js';

/**
 * Refuses a sender who is unknown or may not do this as soon as the headers have arrived. The body is not kept, and the
 * sender does not learn what is wrong with it.
 */
@Injectable()
export class AuthenticationHook implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly authenticator: Authenticator,
    private readonly usage: TokenUsage,
    private readonly limits: RequestLimits,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    server.decorateRequest('principal', null);
    server.decorateRequest('lookUpMs', 0);
    server.addHook('onRequest', async (request) => {
      const { access } = request.routeOptions.config;
      // No rule: a document of the server itself, or no route at all.
      if (access && access.kind !== 'public') await this.authenticate(request, access);
    });
  }

  private async authenticate(request: FastifyRequest, access: Access): Promise<void> {
    const isSuspect = (): Promise<boolean> => this.limits.isSuspect(request.ip);
    const isIntake = access.kind === 'scopes' && access.isIntake === true;
    const startedAt = performance.now();
    const principal = await repeatWhileInTrouble(
      () => this.authenticator.authenticate(request.headers.authorization, isSuspect),
      isIntake ? this.config.acceptWaitMs : 0,
    );
    request.lookUpMs = performance.now() - startedAt;
    if (!principal) {
      await this.limits.countFailure(request.ip);
      throw new ApiError('UNAUTHORIZED', 'A valid bearer token is required', {
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
    }
    if (principal.kind === 'api_token') this.usage.note(principal.id);
    request.principal = principal;
    if (!isIntake) await this.limits.countRequest(principal);
    refuseUnlessAllowed(principal, access, request);
  }
}

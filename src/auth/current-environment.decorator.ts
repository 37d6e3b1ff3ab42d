import { type ExecutionContext, Injectable, type PipeTransform, createParamDecorator } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiErrors } from '../openapi/api-errors.js';
import { ApiError } from '../http/errors.js';
import { notFound } from '../http/not-found.js';
import { isUuid } from '../common/uuid-v7.js';
import { EnvironmentDirectory } from './environment-directory.js';
import type { Principal } from './principal.js';
import { principalOf } from './request-principal.js';

interface EnvironmentChoice {
  principal: Principal;
  /** The parsed query parameter: text, an array when given twice, or undefined. */
  named: unknown;
}

/**
 * The API token's own environment, or the one that the query names for the admin token.
 *
 * @throws ApiError VALIDATION_FAILED, ENVIRONMENT_REQUIRED, ENVIRONMENT_MISMATCH
 */
export function environmentOf(principal: Principal, named: unknown): string {
  if (named !== undefined && !isUuid(named)) {
    throw ApiError.validation([{ field: 'environment_id', message: 'must be one UUID' }]);
  }
  const id = named?.toLowerCase();
  if (principal.kind === 'admin') {
    if (!id) throw new ApiError('ENVIRONMENT_REQUIRED', 'An admin token must name the environment: ?environment_id=');
    return id;
  }
  if (id && id !== principal.environmentId) {
    throw new ApiError('ENVIRONMENT_MISMATCH', 'The environment named by environment_id is not that of the token');
  }
  return principal.environmentId;
}

/** @throws ApiError those of {@link environmentOf}, and ENVIRONMENT_NOT_FOUND */
@Injectable()
export class CurrentEnvironmentPipe implements PipeTransform<EnvironmentChoice, Promise<string>> {
  constructor(private readonly directory: EnvironmentDirectory) {}

  async transform({ principal, named }: EnvironmentChoice): Promise<string> {
    const id = environmentOf(principal, named);
    if (principal.kind === 'admin' && !(await this.directory.has(id))) throw notFound('ENVIRONMENT_NOT_FOUND');
    return id;
  }
}

const ChosenEnvironment = createParamDecorator((_: unknown, context: ExecutionContext): EnvironmentChoice => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { principal: principalOf(request), named: environmentNamedBy(request) };
});

export function environmentNamedBy({ query }: Pick<FastifyRequest, 'query'>): unknown {
  return (query as Record<string, unknown>)['environment_id'];
}

/** Also documents the query parameter and its errors. */
export function CurrentEnvironment(): ParameterDecorator {
  return (target, key, index) => {
    const method = Object.getOwnPropertyDescriptor(target, key!)!;
    ChosenEnvironment(CurrentEnvironmentPipe)(target, key, index);
    ApiQuery({
      name: 'environment_id',
      required: false,
      description: 'The environment to act in. Required with the admin token; an API token may name its own, no other.',
      schema: { type: 'string', format: 'uuid' },
    })(target, key!, method);
    ApiErrors('ENVIRONMENT_REQUIRED', 'ENVIRONMENT_MISMATCH', 'ENVIRONMENT_NOT_FOUND')(target, key!, method);
  };
}

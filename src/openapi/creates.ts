import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  mixin,
  type NestInterceptor,
  type Type,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { ApiCreatedResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

export const PUBLIC_URL = Symbol('PUBLIC_URL');

interface Identified {
  id: string;
}

/**
 * Answers 201 with a new resource and its address in `Location`.
 *
 * @param path the resource's collection, such as `/webhook`.
 */
export function Creates(type: Type<Identified>, path: string): MethodDecorator {
  return applyDecorators(
    UseInterceptors(locationInterceptor(path)),
    ApiCreatedResponse({
      type,
      description: 'Created.',
      headers: {
        Location: {
          description: 'Where what was created can be read: a URL below PUBLIC_URL or, without that setting, a path.',
          required: true,
          schema: { type: 'string', format: 'uri-reference' },
          example: `${path}/0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61`,
        },
      },
    }),
  );
}

function locationInterceptor(path: string): Type<NestInterceptor> {
  class LocationInterceptor implements NestInterceptor<Identified, Identified> {
    constructor(@Inject(PUBLIC_URL) private readonly publicUrl: string | null) {}

    intercept(context: ExecutionContext, next: CallHandler<Identified>): Observable<Identified> {
      const reply = context.switchToHttp().getResponse<FastifyReply>();
      return next.handle().pipe(
        map((created) => {
          reply.header('Location', `${this.publicUrl ?? ''}${path}/${created.id}`);
          return created;
        }),
      );
    }
  }
  return mixin(LocationInterceptor);
}

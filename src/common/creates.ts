import {
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { ApiCreatedResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

interface Identified {
  id: string;
}

/**
 * The route answers 201 with a new resource and, in `Location`, the path where it can be read.
 *
 * @param path The resource's collection, such as `/webhook`.
 */
export function Creates(type: Type<Identified>, path: string): MethodDecorator {
  return applyDecorators(
    UseInterceptors(new LocationInterceptor(path)),
    ApiCreatedResponse({
      type,
      description: 'Created.',
      headers: {
        Location: {
          description: 'The path of what was created.',
          required: true,
          schema: { type: 'string', format: 'uri-reference' },
          example: `${path}/0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61`,
        },
      },
    }),
  );
}

class LocationInterceptor implements NestInterceptor<Identified, Identified> {
  constructor(private readonly path: string) {}

  intercept(context: ExecutionContext, next: CallHandler<Identified>): Observable<Identified> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((created) => {
        reply.header('Location', `${this.path}/${created.id}`);
        return created;
      }),
    );
  }
}

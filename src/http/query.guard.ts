import { type CanActivate, type ExecutionContext, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { shapeOf } from './dto-shape.js';
import { ApiError } from './errors.js';
import { faultsOfQuery, type RouteQuery } from './query-faults.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Refuses parameters that the route does not declare with `@Query()`. Routes for machines and browsers, which send
 * parameters of their own, are exempt.
 */
export class QueryGuard implements CanActivate {
  private readonly routes = new WeakMap<Handler, RouteQuery>();

  constructor(private readonly isExempt: (handler: Handler) => boolean) {}

  canActivate(context: ExecutionContext): boolean {
    const query = context.switchToHttp().getRequest<FastifyRequest>().query as Record<string, unknown>;
    if (Object.keys(query).length === 0 || this.isExempt(context.getHandler())) return true;
    const failures = faultsOfQuery(query, this.routeOf(context));
    if (failures.length > 0) throw ApiError.validation(failures);
    return true;
  }

  private routeOf(context: ExecutionContext): RouteQuery {
    const handler = context.getHandler();
    let route = this.routes.get(handler);
    if (!route) this.routes.set(handler, (route = routeQueryOf(context.getClass(), handler)));
    return route;
  }
}

function routeQueryOf(controller: Type<unknown>, handler: Handler): RouteQuery {
  const { name } = handler;
  const places = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, object>;
  const types = (Reflect.getMetadata(PARAMTYPES_METADATA, controller.prototype as object, name) ??
    []) as Type<object>[];
  const dtos = Object.keys(places)
    .filter((place) => place.startsWith(`${RouteParamtypes.QUERY}:`))
    .map((place) => types[Number(place.split(':')[1])]!);
  return {
    parameters: new Map(dtos.flatMap((dto) => [...shapeOf(dto)])),
    isRead: Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET,
  };
}

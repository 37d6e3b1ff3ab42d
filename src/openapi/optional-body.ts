import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { markOptionalBody } from '../http/dto-shape.js';

/** The route may be called without its body, which is of this DTO. */
export function OptionalBody(dto: Type<object>): MethodDecorator {
  markOptionalBody(dto);
  return applyDecorators(ApiBody({ type: dto, required: false }));
}

import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { markOptionalBody } from '../http/dto-shape.js';

export function OptionalBody(dto: Type<object>): MethodDecorator {
  markOptionalBody(dto);
  return applyDecorators(ApiBody({ type: dto, required: false }));
}

import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '../http/errors.js';

/** Prefix of the marks of `ApiErrors` on an operation; `buildOpenApi` turns them into responses. */
export const ERROR_MARK = 'x-error-';

/**
 * Documents errors of this operation besides those that every operation shares. It may be repeated, also by other
 * decorators of the same method; codes of one status become one response that names them all.
 */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator {
  return applyDecorators(...codes.map((code) => ApiExtension(ERROR_MARK + code, true)));
}

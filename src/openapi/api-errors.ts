import { applyDecorators } from '@nestjs/common';
import { ApiResponse, type ApiResponseMetadata } from '@nestjs/swagger';
import { type ErrorCode, ERRORS } from '../http/errors.js';
import { ErrorResponseDto } from './dto/error-response.dto.js';

/**
 * Documents errors besides those that every operation shares. It may be repeated: codes of one status become one
 * response, which `documentErrors` describes.
 */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator {
  return applyDecorators(
    ...codes.map((code) => {
      // The library has no type for references to examples here.
      const examples = { [code]: exampleRefOf(code) } as unknown as object;
      return ApiResponse({ status: ERRORS[code].status, type: ErrorResponseDto, examples } as ApiResponseMetadata);
    }),
  );
}

export function exampleRefOf(code: ErrorCode): { $ref: string } {
  return { $ref: `#/components/examples/${code}` };
}

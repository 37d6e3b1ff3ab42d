import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiErrors } from '../openapi/api-errors.js';
import { ApiError } from '../http/errors.js';

const HEADER = 'Idempotency-Key';
const MAX_LENGTH = 255;
const PRINTABLE_ASCII = /^[ -~]+$/;

/** 1–255 printable ASCII characters. */
export function isIdempotencyKey(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_LENGTH && PRINTABLE_ASCII.test(text);
}

export const IDEMPOTENCY_KEY = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_LENGTH,
  pattern: PRINTABLE_ASCII.source,
} as const;

export const IDEMPOTENCY_KEY_RULE = `must be 1 to ${MAX_LENGTH} printable ASCII characters`;

/** @param field where the request has the key. */
export function idempotencyConflict(message: string, field = HEADER): ApiError {
  return new ApiError('IDEMPOTENCY_CONFLICT', `${field}: ${message}`, { details: { failures: [{ field, message }] } });
}

export const OTHER_CONTENT = 'was used before with other content';

const KeyHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers[HEADER.toLowerCase()];
  if (key === undefined) return null;
  if (!isIdempotencyKey(key)) throw ApiError.validation([{ field: HEADER, message: IDEMPOTENCY_KEY_RULE }]);
  return key;
});

/** The `Idempotency-Key` header, or null; documents it and its errors. */
export function IdempotencyKey(): ParameterDecorator {
  return (target, key, index) => {
    const method = Object.getOwnPropertyDescriptor(target, key!)!;
    KeyHeader()(target, key, index);
    ApiHeader({
      name: HEADER,
      required: false,
      description:
        'Any text that is unique to this request, such as `order-1045-created`, in printable ASCII. A repeat with the ' +
        'same key and the same content gets the same answer and does nothing again, for IDEMPOTENCY_WINDOW (24 hours by ' +
        'default) at least; with other content it gets 409 `IDEMPOTENCY_CONFLICT`. Keys of other environments and ' +
        'operations are apart.',
      schema: IDEMPOTENCY_KEY,
    })(target, key!, method);
    ApiErrors('IDEMPOTENCY_CONFLICT')(target, key!, method);
  };
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiErrors } from './api-errors.js';
import { ApiError } from './errors.js';

const HEADER = 'Idempotency-Key';
const MAX_LENGTH = 255;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** Whether the text can be an idempotency key: 1–255 printable ASCII characters. */
export function isIdempotencyKey(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_LENGTH && PRINTABLE_ASCII.test(text);
}

export const IDEMPOTENCY_KEY_RULE = `must be 1 to ${MAX_LENGTH} printable ASCII characters`;

const KeyHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers[HEADER.toLowerCase()];
  if (key === undefined) return null;
  if (!isIdempotencyKey(key)) throw ApiError.validation([{ field: HEADER, message: IDEMPOTENCY_KEY_RULE }]);
  return key;
});

/** The `Idempotency-Key` header, or null without one; the header and its errors are documented with it. */
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
      schema: { type: 'string', minLength: 1, maxLength: MAX_LENGTH },
    })(target, key!, method);
    ApiErrors('IDEMPOTENCY_CONFLICT')(target, key!, method);
  };
}

import { HttpException } from '@nestjs/common';
import { databaseBusy } from './database-busy.js';
import { isDatabaseUnavailable } from './database-trouble.js';
import { ApiError, type ErrorCode } from './errors.js';
import { unsupportedMediaType } from './json-body.js';

/** The answers that Fastify and Nest give by themselves, by status. */
const BY_STATUS: Record<number, { code: ErrorCode; message: string }> = {
  400: { code: 'MALFORMED_REQUEST', message: 'The request is malformed' },
  404: { code: 'ROUTE_NOT_FOUND', message: 'No such path' },
  408: { code: 'REQUEST_TIMEOUT', message: 'The request did not arrive whole in time' },
  413: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is too large' },
  431: { code: 'HEADERS_TOO_LARGE', message: 'The request line and headers are too large' },
};

/** What an API caller is told about anything that was thrown. Whatever is not expected is a 500 that tells nothing. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isDatabaseUnavailable(error)) return databaseBusy('The database did not answer in time', error);
  const status = statusOf(error);
  if (status === 415) return unsupportedMediaType();
  const known = status === null ? undefined : BY_STATUS[status];
  if (known) return new ApiError(known.code, known.message, { cause: error });
  return new ApiError('INTERNAL_ERROR', 'Something went wrong here; the request id finds it in the log', {
    cause: error,
  });
}

/** The status that the framework gave its own error. An error of ours or of a library never has one of these shapes. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error)) return null;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const isFramework = typeof code === 'string' && (code.startsWith('FST_') || code === 'ECONNRESET');
  return isFramework && typeof statusCode === 'number' ? statusCode : null;
}

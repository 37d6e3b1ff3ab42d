import { HttpException } from '@nestjs/common';
import { databaseTroubleOf, type DatabaseTrouble } from '../common/database-trouble.js';
import { ApiError, type ErrorCode } from './errors.js';
import { unsupportedMediaType } from './json-body.js';

const BY_STATUS: Record<number, { code: ErrorCode; message: string }> = {
  400: { code: 'MALFORMED_REQUEST', message: 'The request is malformed' },
  404: { code: 'ROUTE_NOT_FOUND', message: 'No such path' },
  408: { code: 'REQUEST_TIMEOUT', message: 'The request did not arrive whole in time' },
  413: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is too large' },
  431: { code: 'HEADERS_TOO_LARGE', message: 'The request line and headers are too large' },
};

/** If somebody has to repair something first, a moment is too short to retry. */
const SOON_SECONDS = 1;
const LATER_SECONDS = 5;

const BY_TROUBLE: Record<DatabaseTrouble, { code: ErrorCode; message: string; retryAfter: number }> = {
  busy: { code: 'DATABASE_BUSY', message: 'The database did not answer in time', retryAfter: SOON_SECONDS },
  full: { code: 'DATABASE_FULL', message: 'The disk of the database is full', retryAfter: LATER_SECONDS },
  read_only: { code: 'DATABASE_READ_ONLY', message: 'The database takes no writes', retryAfter: LATER_SECONDS },
  out_of_connections: {
    code: 'DATABASE_OUT_OF_CONNECTIONS',
    message: 'The database has no connection left',
    retryAfter: SOON_SECONDS,
  },
  out_of_memory: { code: 'DATABASE_OUT_OF_MEMORY', message: 'The database is out of memory', retryAfter: SOON_SECONDS },
  corrupted: { code: 'DATABASE_CORRUPTED', message: 'The database cannot read its files', retryAfter: LATER_SECONDS },
  misconfigured: {
    code: 'DATABASE_MISCONFIGURED',
    message: 'The database has settings that Tidings cannot work with',
    retryAfter: LATER_SECONDS,
  },
};

function troubleAnswer(trouble: DatabaseTrouble, cause: unknown): ApiError {
  const { code, message, retryAfter } = BY_TROUBLE[trouble];
  return new ApiError(code, message, { headers: { 'Retry-After': String(retryAfter) }, cause });
}

/** An unexpected error is a 500 without details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const trouble = databaseTroubleOf(error);
  if (trouble) return troubleAnswer(trouble, error);
  const status = statusOf(error);
  if (status === 415) return unsupportedMediaType();
  const known = status === null ? undefined : BY_STATUS[status];
  if (known) return new ApiError(known.code, known.message, { cause: error });
  return new ApiError('INTERNAL_ERROR', 'Something went wrong here; the request id finds it in the log', {
    cause: error,
  });
}

/** Our errors, and those of libraries, never look like this. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error)) return null;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const isFramework = typeof code === 'string' && (code.startsWith('FST_') || code === 'ECONNRESET');
  return isFramework && typeof statusCode === 'number' ? statusCode : null;
}

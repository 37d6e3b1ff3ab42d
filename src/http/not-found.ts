import { ApiError, ERRORS, type ErrorCode } from './errors.js';

export type NotFoundCode = Exclude<Extract<ErrorCode, `${string}_NOT_FOUND`>, 'ROUTE_NOT_FOUND'>;

const NAMES = {
  ENVIRONMENT_NOT_FOUND: 'environment',
  API_TOKEN_NOT_FOUND: 'API token',
  WEBHOOK_NOT_FOUND: 'webhook',
  EVENT_NOT_FOUND: 'event',
  DELIVERY_NOT_FOUND: 'delivery',
  RECOVERY_NOT_FOUND: 'recovery',
} as const satisfies Record<NotFoundCode, string>;

export function resourceOf(code: NotFoundCode): string {
  return NAMES[code];
}

/** The same for an id that is missing, malformed or of another environment: the caller cannot tell which. */
export function notFound(code: NotFoundCode): ApiError {
  return new ApiError(code, ERRORS[code].description);
}

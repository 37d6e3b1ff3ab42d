import { ApiError, ERRORS, type ErrorCode } from './errors.js';

/** The codes of resources that a path can name. */
export type NotFoundCode = Exclude<Extract<ErrorCode, `${string}_NOT_FOUND`>, 'ROUTE_NOT_FOUND'>;

/**
 * The one answer for an id that is missing, malformed or another environment's: nobody can tell the three apart.
 */
export function notFound(code: NotFoundCode): ApiError {
  return new ApiError(code, ERRORS[code].description);
}

import { ApiError } from './errors.js';

/** The answer where the database has not done in time what the request needs: the same request may succeed in a moment. */
export function databaseBusy(message: string, cause?: unknown): ApiError {
  return new ApiError('DATABASE_BUSY', message, { headers: { 'Retry-After': '1' }, cause });
}

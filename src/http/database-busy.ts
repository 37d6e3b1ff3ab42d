import { ApiError } from './errors.js';

/** The database was too slow. The same request may succeed a moment later. */
export function databaseBusy(message: string, cause?: unknown): ApiError {
  return new ApiError('DATABASE_BUSY', message, { headers: { 'Retry-After': '1' }, cause });
}

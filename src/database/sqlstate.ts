import { QueryFailedError } from 'typeorm';

/** Null if the failure was not an answer of the server. */
export function sqlstateOf(error: unknown): string | null {
  const code = error instanceof QueryFailedError ? (error.driverError as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/**
 * Classes 22 (data exception) and 23 (integrity constraint): the same statement would fail again. A missing partition
 * is not such an error, although PostgreSQL gives 23514.
 */
export function isDataError(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate !== null && /^2[23]/.test(sqlstate) && !isMissingPartition(error);
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlstateOf(error) === '23505';
}

/** 23514, the code of a CHECK, but without a constraint. */
export function isMissingPartition(error: unknown): boolean {
  if (sqlstateOf(error) !== '23514' || !(error instanceof QueryFailedError)) return false;
  return !(error.driverError as { constraint?: string }).constraint;
}

/**
 * Read from the detail of the error: "Partition key of the failing row contains (id) = (…)", in any language. Null for
 * any other error.
 */
export function idWithoutPartition(error: unknown): string | null {
  if (!isMissingPartition(error)) return null;
  const { detail = '' } = (error as QueryFailedError).driverError as { detail?: string };
  return /\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/.exec(detail)?.[1] ?? null;
}

/**
 * 25006. It is never the transaction: none here is read-only. Expects the error as pg throws it, before TypeORM wraps
 * it.
 */
export function isReadOnlyServer(error: Error): boolean {
  return (error as { code?: unknown }).code === '25006';
}

import { type DatabaseTrouble, databaseTroubleOf } from '../common/database-trouble.js';
import { OperatorError } from '../common/operator-error.js';

const CHECK_URL = 'Check DATABASE_URL and that its server runs.';

/** By SQLSTATE, when the server answers but accepts no session. */
const ADVICE: Readonly<Record<string, string>> = {
  '28000': 'Check the user in DATABASE_URL, and what pg_hba.conf of the server lets in.',
  '28P01': 'Check the user and the password in DATABASE_URL.',
  '3D000': 'Create it (CREATE DATABASE), or name another one in DATABASE_URL.',
  '42501': 'Grant the role CONNECT on the database.',
  '57014': 'The statement_timeout of the role or the database is too small: make it 0, or 10s at least.',
};

/** They may pass in a moment: the database is starting, or has no free connection or memory. */
const PASSING = new Set<DatabaseTrouble | null>(['busy', 'out_of_connections', 'out_of_memory']);
/** Because of a statement_timeout: every statement will fail so. */
const QUERY_CANCELED = '57014';

export class DatabaseUnreachableError extends OperatorError {
  readonly isPassing: boolean;

  constructor(cause: unknown, waited = '') {
    const { message, code } = cause as { message?: string; code?: string };
    super(`The database cannot be reached${waited}: ${message || code}. ${ADVICE[code ?? ''] ?? CHECK_URL}`, { cause });
    this.isPassing = PASSING.has(databaseTroubleOf(cause)) && code !== QUERY_CANCELED;
  }

  after(waitMs: number): DatabaseUnreachableError {
    if (waitMs === 0) return this;
    return new DatabaseUnreachableError(this.cause, `, and was waited for ${waitMs / 1_000} s (DATABASE_WAIT)`);
  }
}

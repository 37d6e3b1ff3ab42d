import { OperatorError } from './operator-error.js';

/** The same request may succeed later. `busy` has every trouble without a name of its own. */
export const DATABASE_TROUBLES = [
  'busy',
  'full',
  'read_only',
  'out_of_connections',
  'out_of_memory',
  'corrupted',
  'misconfigured',
] as const;
export type DatabaseTrouble = (typeof DATABASE_TROUBLES)[number];

/**
 * SQLSTATEs, or their classes, that say "not now" instead of "not so" (PostgreSQL, appendix A); the first that fits
 * counts.
 */
const TROUBLE_OF_STATE: readonly (readonly [state: string, trouble: DatabaseTrouble])[] = [
  ['08', 'busy'], // connection exception
  ['25006', 'read_only'], // read_only_sql_transaction: a standby, or default_transaction_read_only
  ['25P03', 'busy'], // idle_in_transaction_session_timeout
  ['25P04', 'busy'], // transaction_timeout
  ['40001', 'busy'], // serialization_failure
  ['40P01', 'busy'], // deadlock_detected
  ['53100', 'full'], // disk_full
  ['53200', 'out_of_memory'],
  ['53300', 'out_of_connections'], // too_many_connections: of the server, the database or the role
  ['53', 'busy'], // other insufficient resources
  ['55P03', 'busy'], // lock_not_available
  ['57014', 'busy'], // query_canceled: statement_timeout
  ['57P', 'busy'], // shut down, crashed, cannot connect now, idle_session_timeout
  ['58030', 'corrupted'], // io_error: the disk cannot be read or written
  ['58P01', 'corrupted'], // undefined_file: one of the server's is gone
  ['XX001', 'corrupted'], // data_corrupted
  ['XX002', 'corrupted'], // index_corrupted
];

/** PgBouncer tells of its own limit by a protocol violation, 08P01. */
const POOLER_IS_FULL = 'no more connections allowed';

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ENOENT',
  'EAI_AGAIN',
]);

/** Tells a broken connection from a missing file. No other error of a socket gets this far. */
const NETWORK_CALLS = new Set<unknown>(['connect', 'read', 'write', 'getaddrinfo']);

/**
 * Errors without a code: of pg (8.23), of its pool, and of TypeORM (1.1) when the connection of a transaction broke.
 */
const MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Query runner already released',
  'Database connection provided by a query runner was already released',
];

/** The settings of the sessions would change the meaning of statements or of their answers. */
export class DatabaseSettingsError extends OperatorError {
  constructor(problems: readonly string[]) {
    super(`Tidings cannot work with these settings of the database: ${problems.join(' ')}`);
  }
}

export function databaseTroubleOf(error: unknown): DatabaseTrouble | null {
  if (error instanceof DatabaseSettingsError) return 'misconfigured';
  // A name with several addresses fails with one error for each.
  if (error instanceof AggregateError) return error.errors.map(databaseTroubleOf).find((trouble) => trouble) ?? null;
  const failure = driverErrorOf(error);
  if (!failure) return null;
  const { code, message, syscall, severity } = failure;
  if (typeof code === 'string') {
    if (severity !== undefined) return troubleOfState(code, message);
    if (failure !== error || NETWORK_CALLS.has(syscall)) return SOCKET_CODES.has(code) ? 'busy' : null;
  }
  return MESSAGES.some((start) => message.startsWith(start)) ? 'busy' : null;
}

/** They are over in seconds, mostly: a restart, a failover, a lock. */
const PASSING = new Set<DatabaseTrouble | null>(['busy', 'read_only', 'out_of_connections', 'out_of_memory']);

/** Whether the same may succeed in a moment, without anybody's help. */
export function isPassingTrouble(error: unknown): boolean {
  return PASSING.has(databaseTroubleOf(error));
}

function troubleOfState(code: string, message: string): DatabaseTrouble | null {
  if (code === '08P01' && message.startsWith(POOLER_IS_FULL)) return 'out_of_connections';
  return TROUBLE_OF_STATE.find(([state]) => code.startsWith(state))?.[1] ?? null;
}

interface DriverError extends Error {
  code?: unknown;
  syscall?: unknown;
  /** Only the server's own answers have one. */
  severity?: unknown;
}

/** TypeORM's QueryFailedError wraps pg's error; a failure to get a connection arrives bare. */
function driverErrorOf(error: unknown): DriverError | null {
  if (!(error instanceof Error)) return null;
  const { driverError } = error as { driverError?: unknown };
  return driverError instanceof Error ? driverError : error;
}

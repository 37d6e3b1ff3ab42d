/** SQLSTATEs, or their classes, that say "not now" instead of "not so" (PostgreSQL, appendix A). */
const UNAVAILABLE_STATES = [
  '08', // connection exception
  '25006', // read_only_sql_transaction: connected to a standby
  '25P03', // idle_in_transaction_session_timeout
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53', // insufficient resources: too many connections, disk or memory full
  '55P03', // lock_not_available
  '57014', // query_canceled: statement_timeout
  '57P', // shut down, crashed, cannot connect now
];

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'ENOENT',
  'EAI_AGAIN',
]);

/** Tells a broken connection from a missing file. Nothing else here lets an error of a socket get this far. */
const NETWORK_CALLS = new Set<unknown>(['connect', 'read', 'write', 'getaddrinfo']);

/** What pg (8.23), its pool, and TypeORM (1.1) of a transaction whose connection broke, say without any code. */
const MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Query runner already released',
  'Database connection provided by a query runner was already released',
];

/** Whether the database could not be asked or did not answer in time: the same request may succeed a moment later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  // A name with several addresses fails with one error for each.
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  const failure = driverErrorOf(error);
  if (!failure) return false;
  const { code, message, syscall, severity } = failure;
  if (typeof code === 'string') {
    if (severity !== undefined) return UNAVAILABLE_STATES.some((state) => code.startsWith(state));
    if (failure !== error || NETWORK_CALLS.has(syscall)) return SOCKET_CODES.has(code);
  }
  return MESSAGES.some((start) => message.startsWith(start));
}

interface DriverError extends Error {
  code?: unknown;
  syscall?: unknown;
  /** Only what the server itself answered has one. */
  severity?: unknown;
}

/** TypeORM's QueryFailedError wraps what pg threw; a failure to get a connection arrives bare. */
function driverErrorOf(error: unknown): DriverError | null {
  if (!(error instanceof Error)) return null;
  const { driverError } = error as { driverError?: unknown };
  return driverError instanceof Error ? driverError : error;
}

import { FailureList, type FieldFailure } from './failure-list.js';

/**
 * Every error of the API. A code is part of the contract and never changes its meaning; texts may. docs/errors.md is
 * generated from this table (`npm run docs:generate`).
 */
export const ERRORS = {
  VALIDATION_FAILED: {
    status: 400,
    description: 'The request does not have the documented form; `details.failures` names up to 100 fields.',
  },
  MALFORMED_JSON: {
    status: 400,
    description: 'The body is not JSON in UTF-8, repeats a member, or is nested deeper than 64 levels.',
  },
  MALFORMED_REQUEST: {
    status: 400,
    description: 'The request is not HTTP/1.1 as RFC 9112 has it, or repeats a header that has one value.',
  },
  TARGET_URL_NOT_ALLOWED: {
    status: 400,
    description: 'The target URL breaks a rule of the egress policy; the message names the rule.',
  },
  ENVIRONMENT_REQUIRED: {
    status: 400,
    description: 'An admin token must name the environment to act in: `?environment_id=`.',
  },
  ENVIRONMENT_MISMATCH: { status: 400, description: "The request names an environment other than the token's own." },
  INVALID_CURSOR: { status: 400, description: '`next_cursor` was not made by this list with these filters.' },
  UNAUTHORIZED: { status: 401, description: 'The bearer token is missing, unknown, revoked or expired.' },
  FORBIDDEN: {
    status: 403,
    description:
      'The token is valid but lacks the scope, is for one webhook where the route is not, or the route is for the admin token.',
  },
  ROUTE_NOT_FOUND: { status: 404, description: 'No such path.' },
  ENVIRONMENT_NOT_FOUND: { status: 404, description: 'No environment with this id.' },
  API_TOKEN_NOT_FOUND: { status: 404, description: 'No API token with this id.' },
  WEBHOOK_NOT_FOUND: { status: 404, description: 'No webhook with this id in the environment.' },
  EVENT_NOT_FOUND: { status: 404, description: 'No event with this id in the environment.' },
  DELIVERY_NOT_FOUND: { status: 404, description: 'No delivery with this id in the environment.' },
  RECOVERY_NOT_FOUND: { status: 404, description: 'Nothing was recovered for this webhook yet.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    description: 'The path exists, but not with this method; `Allow` lists those it has.',
  },
  REQUEST_TIMEOUT: { status: 408, description: 'The request did not arrive whole in time.' },
  IDEMPOTENCY_CONFLICT: {
    status: 409,
    description: 'The idempotency key was used with other content, or what it made is gone.',
  },
  ENVIRONMENT_NAME_TAKEN: {
    status: 409,
    description:
      'Another environment has this name, `details.environment_id`; take another one, or say `allow_duplicate_name`.',
  },
  WEBHOOK_LIMIT_REACHED: { status: 409, description: 'The environment has WEBHOOKS_PER_ENVIRONMENT webhooks.' },
  SECRET_LIMIT_REACHED: { status: 409, description: 'The webhook has five live secrets; wait until one ends.' },
  WEBHOOK_INACTIVE: { status: 409, description: 'The webhook is inactive; activate it first.' },
  RECOVERY_RUNNING: {
    status: 409,
    description: 'A recovery runs for the webhook already; wait until it is done, or stop it.',
  },
  WEBHOOK_DELETED: { status: 409, description: 'The webhook of this delivery was deleted.' },
  EVENT_EXPIRED: {
    status: 409,
    description: 'The payload is gone, past EVENT_RETENTION_DAYS or deleted, so the delivery cannot be sent again.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    description: 'The body is over MAX_BODY_BYTES, or an event payload over MAX_EVENT_BYTES.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    description: 'The body must be `application/json` in UTF-8 without a content encoding.',
  },
  TEST_DELIVERY_FAILED: {
    status: 422,
    description: 'The endpoint did not accept the test event; `details` tells the outcome.',
  },
  FAN_OUT_TOO_LARGE: {
    status: 422,
    description:
      'The request alone owes more deliveries than PENDING_DELIVERIES_PER_ENVIRONMENT; `details` has `deliveries` and `limit`. Publish fewer events at a time.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    description: 'The request line and headers are over 16 KiB, or there are more than 2,000 headers.',
  },
  RATE_LIMITED: {
    status: 429,
    description:
      'Too many requests by this token, without a valid token from this address, of this kind at once or on this connection, or too many bytes of bodies; repeat after `Retry-After` seconds.',
  },
  PENDING_LIMIT_REACHED: {
    status: 429,
    description:
      'The environment has PENDING_DELIVERIES_PER_ENVIRONMENT deliveries pending; repeat after `Retry-After` seconds.',
  },
  INTERNAL_ERROR: { status: 500, description: 'A fault of the service; the request id finds it in the log.' },
  DATABASE_BUSY: {
    status: 503,
    description: 'The database did not answer in time; repeat after `Retry-After` seconds.',
  },
  DATABASE_FULL: {
    status: 503,
    description: 'The disk of the database is full: nothing was stored. Repeat after `Retry-After` seconds.',
  },
  DATABASE_READ_ONLY: {
    status: 503,
    description: 'The database takes no writes, as a standby does; repeat after `Retry-After` seconds.',
  },
  DATABASE_OUT_OF_CONNECTIONS: {
    status: 503,
    description: 'The database has no connection left; repeat after `Retry-After` seconds.',
  },
  DATABASE_OUT_OF_MEMORY: {
    status: 503,
    description: 'The database is out of memory; repeat after `Retry-After` seconds.',
  },
  DATABASE_CORRUPTED: {
    status: 503,
    description: 'The database cannot read its files, or finds them damaged; the log of the database tells where.',
  },
  DATABASE_MISCONFIGURED: {
    status: 503,
    description: 'The sessions of the database have settings that would change results; the log tells which.',
  },
  SERVER_BUSY: {
    status: 503,
    description: 'Too many bytes of request bodies are under way; repeat after `Retry-After` seconds.',
  },
  STARTING: {
    status: 503,
    description: 'This replica waits for its database or migrates it; repeat after `Retry-After` seconds.',
  },
  SHUTTING_DOWN: { status: 503, description: 'This replica is stopping; repeat the request.' },
} as const satisfies Record<string, { status: number; description: string }>;

export type ErrorCode = keyof typeof ERRORS;

export type { FieldFailure };

export type ErrorDetails = { failures: FieldFailure[] } | Record<string, unknown>;

export interface ApiErrorOptions {
  details?: ErrorDetails;
  headers?: Record<string, string>;
  cause?: unknown;
}

export class ApiError extends Error {
  readonly details?: ErrorDetails;
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ApiErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    if (options.details) this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get statusCode(): number {
    return ERRORS[this.code].status;
  }

  /** Names the first hundred failures and looks for no more: see {@link FailureList}. */
  static validation(failures: Iterable<FieldFailure>): ApiError {
    const { shown, isCut } = new FailureList(failures);
    const said = shown.slice(0, MAX_SUMMARY).map(sentenceOf).join('; ');
    const more = shown.length - MAX_SUMMARY;
    const rest = more > 0 ? `; and ${isCut ? 'at least ' : ''}${more} more` : '';
    return new ApiError('VALIDATION_FAILED', said + rest, { details: { failures: [...shown] } });
  }
}

const MAX_SUMMARY = 5;

function sentenceOf({ field, message }: FieldFailure): string {
  return field ? `${field}: ${message}` : message;
}

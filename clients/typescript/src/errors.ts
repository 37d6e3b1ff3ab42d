import type { ErrorCode, ErrorDetails, FieldFailure } from './types.js';

interface Facts {
  status?: number;
  code?: ErrorCode;
  failures?: readonly FieldFailure[];
  details?: Readonly<ErrorDetails>;
  requestId?: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * A request that did not succeed. When an answer came, it has a `status`; when the answer was one of Tidings's own, it
 * has a `code`, too. The token is in none of its members, unless a `fetch` of your own puts it into what it throws: that
 * is the `cause`.
 */
export class TidingsError extends Error {
  override readonly name: string = 'TidingsError';
  /** The status of the answer. */
  readonly status: number | undefined;
  /** What went wrong, for programs to act on. A newer service may have codes that this version has no name for. */
  readonly code: ErrorCode | undefined;
  /** The fields that do not have the documented form, with `VALIDATION_FAILED`; otherwise none. */
  readonly failures: readonly FieldFailure[];
  /** All that the answer tells in `details`: with `TEST_DELIVERY_FAILED` how the endpoint answered. */
  readonly details: Readonly<ErrorDetails>;
  /** The id of the request in the service's log. */
  readonly requestId: string | undefined;
  /** How long the service asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: Facts = {}) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined);
    this.status = facts.status;
    this.code = facts.code;
    this.failures = facts.failures ?? [];
    this.details = facts.details ?? {};
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** No answer, or only a part of one: the connection could not be made, or it broke. `cause` is what fetch threw. */
export class TidingsConnectionError extends TidingsError {
  override readonly name = 'TidingsConnectionError';
}

/** No whole answer within `timeoutMs`. */
export class TidingsTimeoutError extends TidingsError {
  override readonly name = 'TidingsTimeoutError';
}

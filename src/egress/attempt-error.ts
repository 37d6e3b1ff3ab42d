import type { EgressErrorKind } from '../common/outcomes.js';

/** A request that egress refused, or a connection that it could not make. The cause is for debugging, not for users. */
export class EgressError extends Error {
  constructor(
    readonly kind: EgressErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EgressError';
  }
}

/** Failures on an open connection, by the code that undici, its parser or Node gives them. */
const KIND_BY_CODE: Readonly<Record<string, EgressErrorKind>> = {
  UND_ERR_ABORT: 'timeout',
  UND_ERR_ABORTED: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'response_too_large',
  HPE_HEADER_OVERFLOW: 'response_too_large',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_INFO: 'reset',
  UND_ERR_CLOSED: 'reset',
  UND_ERR_DESTROYED: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

/**
 * Puts what `GuardedAgent.request` rejected with into the fixed vocabulary. An aborted signal is a `timeout`: the signal
 * is the caller's deadline. Looks at what an error says, not at its class: Node and undici throw many.
 */
export function classifyFailure(error: unknown): EgressErrorKind {
  if (error instanceof EgressError) return error.kind;
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  // undici calls an answer that it cannot use (100 without Expect, 101 without Upgrade) a socket error, too.
  if (message === 'bad response' || message === 'bad upgrade') return 'protocol_error';
  return KIND_BY_CODE[String(code)] ?? 'protocol_error';
}

/**
 * Why a request got no answer, in words that tell a receiver's engineer what to look at and nobody what an internal
 * name resolves to or which errno it met.
 */
export const ATTEMPT_ERRORS = [
  /** The target is, or resolves to, an address that the policy does not allow. */
  'blocked_address',
  /** The host name has no address, or the name servers did not answer in time. */
  'dns_error',
  /** No connection within the connect timeout. */
  'connect_timeout',
  /** The connection was refused or there is no route. */
  'connect_error',
  /** The certificate or the TLS handshake failed. */
  'tls_error',
  /** The connection was closed before an answer. */
  'reset',
  /** The whole exchange took longer than the attempt may. */
  'timeout',
  /** The answer's headers are larger than 16 KiB. */
  'response_too_large',
  /** The answer is not HTTP/1.1. */
  'protocol_error',
] as const;

export type AttemptError = (typeof ATTEMPT_ERRORS)[number];

/** A request that egress refused, or a connection that it could not make. The cause is for debugging, not for users. */
export class EgressError extends Error {
  constructor(
    readonly kind: AttemptError,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EgressError';
  }
}

/** Failures on an open connection, by the code that undici, its parser or Node gives them. */
const KIND_BY_CODE: Readonly<Record<string, AttemptError>> = {
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
export function classifyFailure(error: unknown): AttemptError {
  if (error instanceof EgressError) return error.kind;
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  // undici calls an answer that it cannot use (100 without Expect, 101 without Upgrade) a socket error, too.
  if (message === 'bad response' || message === 'bad upgrade') return 'protocol_error';
  return KIND_BY_CODE[String(code)] ?? 'protocol_error';
}

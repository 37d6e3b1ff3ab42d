import type { EgressErrorKind } from '../common/outcomes.js';
import { tlsFailureKind } from './tls-failure.js';

/** The cause is for debugging, not for users. */
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

/** On an open connection, by the code of undici, its parser or Node. */
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
 * Maps an error of `GuardedAgent.request` to the fixed vocabulary. An aborted signal is the caller's deadline: a
 * `timeout`. It reads what an error says, not its class: Node and undici throw many classes.
 */
export function classifyFailure(error: unknown): EgressErrorKind {
  if (error instanceof EgressError) return error.kind;
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  // undici also reports unexpected input as a socket error.
  if (message === 'bad response') return 'protocol_error';
  return KIND_BY_CODE[String(code)] ?? tlsFailureKind({ code, message }) ?? 'protocol_error';
}

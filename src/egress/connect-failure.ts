import { isIP } from 'node:net';
import type { EgressErrorKind } from '../common/outcomes.js';
import { EgressError } from './attempt-error.js';

export function blockedAddress(): EgressError {
  return new EgressError('blocked_address', 'the address is not allowed by the egress policy');
}

/** Whether a URL's host is an address, and one that is not allowed. Whoever looks up names is never asked about those. */
export function isBlockedLiteral(hostname: string, isAllowed: (address: string) => boolean): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) > 0 && !isAllowed(literal);
}

/** @param isTcpOpen whether the connection was there, so that what failed is what is spoken on it. */
export function connectFailure(error: Error, isTcpOpen: boolean): EgressError {
  if (error instanceof EgressError) return error;
  const kind = connectFailureKind(error, isTcpOpen);
  return new EgressError(kind, `the connection failed: ${kind}`, { cause: error });
}

function connectFailureKind(error: Error, isTcpOpen: boolean): EgressErrorKind {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  if (isTcpOpen) return 'tls_error';
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_error';
}

import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import { DEFAULT_CIPHERS } from 'node:tls';
import type { buildConnector } from 'undici';
import type { EgressErrorKind } from '../common/outcomes.js';
import { EgressError } from './attempt-error.js';
import type { ConnectTimings } from './request-timings.js';

/* What the connectors share: the direct one and the one through a proxy. */

/** A socket that is being made. */
export interface Connecting {
  /** Gives it up: the callback is told of an error, unless it was told of the socket already. */
  abandon(): void;
}

/**
 * undici's connector, and a way to give a connection up before it is there. Fills in what its phases take. Failures come
 * out as {@link EgressError}.
 */
export type Connector = (
  target: buildConnector.Options,
  timings: ConnectTimings,
  callback: buildConnector.Callback,
) => Connecting;

export const CONNECT_TIMEOUT_MS = 5_000;

/** How undici is to speak TLS to receivers. */
export const VERIFIED_TLS = {
  allowH2: false,
  // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise switch the verification off.
  rejectUnauthorized: true,
  maxCachedSessions: 0,
  // Explicit, too: Node's own are for the operator to change, and OpenSSL 3.0 takes keys of RSA-1024. Level 2 is 112 bits:
  // RSA from 2,048 bits, curves from 224, no signature with SHA-1, in the receiver's certificate and in those above it.
  minVersion: 'TLSv1.2',
  // With DHE the server chooses the group, and is believed before its certificate is looked at: one of 10,000 bits takes
  // 0.9 s of CPU.
  ciphers: `${DEFAULT_CIPHERS}:!DHE:@SECLEVEL=2`,
  // A server that asks for one handshake after the other would keep the processor busy.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;

export function abandoned(): EgressError {
  return new EgressError('timeout', 'the connection was given up while it was being made');
}

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

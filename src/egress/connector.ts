import { constants } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { DEFAULT_CIPHERS, TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { EgressErrorKind } from '../common/outcomes.js';
import { EgressError } from './attempt-error.js';
import { tlsFailureKind } from './tls-failure.js';
import type { ConnectTimings } from './request-timings.js';

export interface Connecting {
  /** The callback gets an error, unless it already got the socket. */
  abandon(): void;
}

/** undici's connector, with a way to give up a connection before it is open. Failures are {@link EgressError}s. */
export type Connector = (
  target: buildConnector.Options,
  timings: ConnectTimings,
  callback: buildConnector.Callback,
) => Connecting;

export const CONNECT_TIMEOUT_MS = 5_000;

/** For the one context that all connections share. */
export const VERIFIED_TLS_CONTEXT = {
  // Explicit: the operator can change Node's defaults, and OpenSSL 3.0 accepts RSA-1024 keys. Level 2 is 112 bits for
  // each certificate: RSA from 2,048 bits, curves from 224, no SHA-1 signature.
  minVersion: 'TLSv1.2',
  // With DHE the server chooses the group, and the client uses it before it checks the certificate: one of 10,000 bits
  // takes 0.9 s of CPU.
  ciphers: `${DEFAULT_CIPHERS}:!DHE:@SECLEVEL=2`,
  // A server that asks for one handshake after another would keep the processor busy.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;

export const VERIFIED_TLS = {
  ALPNProtocols: ['http/1.1'],
  // Explicit: otherwise NODE_TLS_REJECT_UNAUTHORIZED=0 would switch off the verification.
  rejectUnauthorized: true,
};

export function abandoned(): EgressError {
  return new EgressError('timeout', 'the connection was given up while it was being made');
}

export function blockedAddress(): EgressError {
  return new EgressError('blocked_address', 'the address is not allowed by the egress policy');
}

/** The look-up of names never sees addresses. */
export function isBlockedLiteral(hostname: string, isAllowed: (address: string) => boolean): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) > 0 && !isAllowed(literal);
}

const askingForCertificate = new WeakSet<Socket>();

/**
 * Notes whether the receiver asks for a client certificate, which Tidings does not have. `keylog` is the only event
 * between this request and the reaction to a missing certificate. Its secrets are not read.
 */
export function noteCertificateRequest(socket: Socket): void {
  if (!(socket instanceof TLSSocket)) return;
  socket.on('keylog', () => {
    // For a client, these are the algorithms that a CertificateRequest names: SSL_get_shared_sigalgs(3).
    if (socket.getSharedSigalgs().length > 0) askingForCertificate.add(socket);
  });
}

export function asksForCertificate(socket: Socket): boolean {
  return askingForCertificate.has(socket);
}

/** Most receivers only close the connection: after the handshake in TLS 1.3, and during it in older versions. */
export function certificateRequired(cause: Error): EgressError {
  const message = 'the receiver asks for a client certificate, and ended the connection without one';
  return new EgressError('tls_client_certificate_required', message, { cause });
}

/** @param socket null: there was no TCP connection. */
export function connectFailure(error: Error, socket: Socket | null): EgressError {
  if (error instanceof EgressError) return error;
  if (socket && asksForCertificate(socket)) return certificateRequired(error);
  const kind = connectFailureKind(error, socket !== null);
  return new EgressError(kind, `the connection failed: ${kind}`, { cause: error });
}

function connectFailureKind(error: Error, isTcpOpen: boolean): EgressErrorKind {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  if (isTcpOpen) return tlsFailureKind(error) ?? 'tls_error';
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_error';
}

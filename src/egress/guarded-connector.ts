import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import type { EgressErrorKind } from '../common/outcomes.js';
import type { AddressResolver } from './address-resolver.js';
import { EgressError } from './attempt-error.js';
import { isAllowedAddress, type AddressRanges } from './blocked-ranges.js';

/** The injection token of the connector that the process uses. */
export const GUARDED_CONNECTOR = Symbol('GUARDED_CONNECTOR');

export interface ConnectorOptions {
  allowRanges: AddressRanges;
  resolver: AddressResolver;
  /** Look-up, TCP and TLS together. Default 5,000. */
  connectTimeoutMs?: number;
  /** Certificates (PEM) to trust in place of the public ones, for tests; NODE_EXTRA_CA_CERTS adds to those. */
  trustedCertificates?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * One address of several gets this long before the next is tried. Node's own 250 ms is shorter than a round trip
 * around the world, and gives up on every far address but the last.
 */
const ADDRESS_TIMEOUT_MS = 1_000;

/**
 * Opens every outgoing socket, and only to addresses that are allowed. Checking the URL beforehand does not suffice: the
 * name may resolve to something else by the time of the connection (DNS rebinding), so what is connected to is exactly
 * what was checked here. Failures come out as {@link EgressError}.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { allowRanges, resolver, connectTimeoutMs = CONNECT_TIMEOUT_MS, trustedCertificates } = options;
  const isAllowed = (address: string): boolean => isAllowedAddress(address, allowRanges);
  // undici types this as nothing, but gives back the socket, which knows how far the connection got.
  const open = buildConnector({
    allowH2: false,
    // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise switch the verification off.
    rejectUnauthorized: true,
    ca: trustedCertificates,
    maxCachedSessions: 0,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(resolver, isAllowed),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
  }) as (target: buildConnector.Options, callback: buildConnector.Callback) => Socket;

  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '');
    // The look-up is never asked about a literal, so that is checked apart.
    if (isIP(literal) && !isAllowed(literal)) {
      callback(blockedAddress(), null);
      return;
    }
    let isTcpOpen = false;
    const connecting = open(target, (error, socket) => {
      if (error) {
        callback(connectFailure(error, isTcpOpen), null);
      } else if (socket.remoteAddress !== undefined && !isAllowed(socket.remoteAddress)) {
        socket.destroy();
        callback(blockedAddress(), null);
      } else {
        callback(null, socket);
      }
    });
    connecting.once('connect', () => {
      isTcpOpen = true;
    });
  };
}

/** Refuses the whole answer when one address is bad: a mixed answer is an attack or a mistake, and Node may try any. */
function guardedLookup(resolver: AddressResolver, isAllowed: (address: string) => boolean): LookupFunction {
  const checkedAddresses = callbackify(async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = await resolver.resolve(hostname);
    if (!addresses.every(isAllowed)) throw blockedAddress();
    return addresses.map((address) => ({ address, family: isIP(address) }));
  });
  // Node asks for all addresses at once because `autoSelectFamily` is on.
  return (hostname, _options, callback) => {
    checkedAddresses(hostname, (error, addresses) => callback(error, addresses ?? []));
  };
}

function blockedAddress(): EgressError {
  return new EgressError('blocked_address', 'the address is not allowed by the egress policy');
}

function connectFailure(error: Error, isTcpOpen: boolean): EgressError {
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

import type { LookupAddress } from 'node:dns';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import type { AddressResolver } from './address-resolver.js';
import { isAllowedAddress, type AddressRanges } from './blocked-ranges.js';
import {
  abandoned,
  blockedAddress,
  CONNECT_TIMEOUT_MS,
  type Connecting,
  connectFailure,
  type Connector,
  isBlockedLiteral,
} from './connector.js';
import { Nat64Prefixes } from './nat64-prefixes.js';
import { OwnAddresses } from './own-addresses.js';
import { stopwatch } from './request-timings.js';
import { failedByResuming, type Opening, SocketOpener } from './socket-opener.js';

export interface ConnectorOptions {
  allowRanges: AddressRanges;
  resolver: AddressResolver;
  ownAddresses?: OwnAddresses;
  /** Look-up, TCP and TLS together. Default 5,000. */
  connectTimeoutMs?: number;
  /** PEM, in place of the public ones, for tests; NODE_EXTRA_CA_CERTS adds to the public ones. */
  trustedCertificates?: string;
}

/** Before the next of several addresses is tried. Node's own 250 ms is shorter than a round trip around the world. */
const ADDRESS_TIMEOUT_MS = 1_000;
/** So that a long answer does not make one attempt connect to as many hosts. */
const ADDRESSES_TRIED = 8;

/**
 * Opens every outgoing socket, and only to allowed addresses. A name may resolve to something else after a check of the
 * URL (DNS rebinding), so the addresses checked here are exactly those that are connected to.
 */
export function guardedConnector(options: ConnectorOptions): Connector {
  const { allowRanges, resolver, ownAddresses = new OwnAddresses() } = options;
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, trustedCertificates } = options;
  const isAllowed = (address: string): boolean =>
    isAllowedAddress(address, allowRanges) && (allowRanges.includes(address) || !ownAddresses.includes(address));
  const nat64 = new Nat64Prefixes(resolver);
  /** An address that the operator allowed is allowed, whatever it translates to. */
  const isTranslationAllowed = async (addresses: string[]): Promise<boolean> =>
    (await nat64.translated(addresses.filter((address) => !allowRanges.includes(address)))).every(isAllowed);
  const checkTranslation = callbackify(isTranslationAllowed);
  const opener = new SocketOpener({
    timeoutMs: connectTimeoutMs,
    trustedCertificates,
    tcp: {
      lookup: guardedLookup(
        resolver,
        async (addresses) => addresses.every(isAllowed) && (await isTranslationAllowed(addresses)),
      ),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    },
  });

  const openChecked: Connector = (target, timings, callback) => {
    const open = (mayResume: boolean): Opening => {
      const lap = stopwatch();
      const opened = opener.open(target, mayResume, (error, socket) => {
        if (error && failedByResuming(opened, error)) {
          opening = open(false);
        } else if (error) {
          callback(connectFailure(error, opened.isTcpOpen ? opened.socket : null), null);
        } else if (socket.remoteAddress !== undefined && !isAllowed(socket.remoteAddress)) {
          socket.destroy();
          callback(blockedAddress(), null);
        } else {
          if (target.protocol === 'https:') timings.tlsMs = lap();
          callback(null, socket);
        }
      });
      opened.socket.once('lookup', (error: Error | null) => {
        const elapsedMs = lap();
        if (!error) timings.dnsMs = elapsedMs;
      });
      opened.socket.once('connect', () => (timings.connectMs = lap()));
      return opened;
    };
    let opening = open(true);
    return { abandon: () => void opening.socket.destroy(abandoned()) };
  };

  return (target, timings, callback) => {
    if (isBlockedLiteral(target.hostname, isAllowed)) {
      callback(blockedAddress(), null);
      return { abandon: () => undefined };
    }
    if (!isIPv6(target.hostname) || allowRanges.includes(target.hostname))
      return openChecked(target, timings, callback);
    let connecting: Connecting | null = null;
    let isAbandoned = false;
    checkTranslation([target.hostname], (error, isOpen) => {
      if (error) callback(error, null);
      else if (isAbandoned || !isOpen) callback(isAbandoned ? abandoned() : blockedAddress(), null);
      else connecting = openChecked(target, timings, callback);
    });
    return {
      abandon: () => {
        isAbandoned = true;
        connecting?.abandon();
      },
    };
  };
}

/**
 * Refuses the whole answer when one address is bad: a mixed answer is an attack or a mistake, and Node may try any of
 * them.
 */
function guardedLookup(
  resolver: AddressResolver,
  areAllowed: (addresses: string[]) => Promise<boolean>,
): LookupFunction {
  const checkedAddresses = callbackify(async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = await resolver.resolve(hostname);
    if (!(await areAllowed(addresses))) throw blockedAddress();
    return addresses.slice(0, ADDRESSES_TRIED).map((address) => ({ address, family: isIP(address) }));
  });
  return (hostname, _options, callback) => {
    checkedAddresses(hostname, (error, addresses) => callback(error, addresses ?? []));
  };
}

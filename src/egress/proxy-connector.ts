import { isIPv6, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import { type buildConnector, Client } from 'undici';
import type { EgressErrorKind } from '../common/outcomes.js';
import { EgressError } from './attempt-error.js';
import { isAllowedAddress, type AddressRanges } from './blocked-ranges.js';
import {
  abandoned,
  blockedAddress,
  CONNECT_TIMEOUT_MS,
  connectFailure,
  type Connector,
  isBlockedLiteral,
} from './connector.js';
import { type ConnectTimings, stopwatch } from './request-timings.js';
import { failedByResuming, SocketOpener } from './socket-opener.js';

export interface ProxyConnectorOptions {
  proxyUrl: string;
  allowRanges: AddressRanges;
  /** For a fault of the proxy itself, not of the receiver. */
  onTrouble: (trouble: string) => void;
  /** To the proxy and through it; TLS with the receiver has the same time again. Default 5,000. */
  connectTimeoutMs?: number;
  /** PEM, in place of the public ones, for tests. */
  trustedCertificates?: string;
}

/** When the rules of a proxy forbid the target (Squid and Envoy: 403, Smokescreen: 407). */
const REFUSALS: ReadonlySet<number> = new Set([403, 407]);

/**
 * Opens every outgoing socket as a tunnel through a forward proxy (RFC 9110 §9.3.6). The proxy resolves the names and
 * must check their addresses; here only literal addresses are checked. The receiver's certificate is verified through
 * the tunnel.
 */
export function proxyConnector(options: ProxyConnectorOptions): Connector {
  const { allowRanges, onTrouble, connectTimeoutMs = CONNECT_TIMEOUT_MS, trustedCertificates } = options;
  const proxy = new URL(options.proxyUrl);
  const authorization = proxyAuthorization(proxy);
  const isAllowed = (address: string): boolean => isAllowedAddress(address, allowRanges);
  const opener = new SocketOpener({ timeoutMs: connectTimeoutMs, trustedCertificates });
  // The proxy needs the other half of the time.
  const proxyOpener = new SocketOpener({ timeoutMs: connectTimeoutMs / 2 });
  const openToProxy: buildConnector.connector = (target, callback) => {
    const open = (mayResume: boolean): void => {
      const opening = proxyOpener.open(target, mayResume, (...[error, socket]) => {
        if (error && failedByResuming(opening, error)) open(false);
        else if (error) callback(error, null);
        else callback(null, socket);
      });
    };
    open(true);
  };

  const openTunnel = async (target: buildConnector.Options, givenUp: AbortSignal): Promise<Socket> => {
    const authority = authorityOf(target);
    const deadline = AbortSignal.timeout(connectTimeoutMs);
    // Each tunnel needs a client of its own, because it takes over the socket.
    const client = new Client(proxy.origin, { connect: once(openToProxy) });
    try {
      const headers = { host: authority, ...(authorization && { 'proxy-authorization': authorization }) };
      const signal = AbortSignal.any([deadline, givenUp]);
      const { statusCode, socket } = await client.connect({ path: authority, headers, signal });
      if (statusCode >= 200 && statusCode <= 299) return socket as Socket;
      socket.on('error', () => undefined).destroy();
      throw refusal(statusCode, onTrouble);
    } catch (error) {
      if (error instanceof EgressError) throw error;
      if (givenUp.aborted) throw abandoned();
      if (deadline.aborted) throw new EgressError('connect_timeout', 'no tunnel in time', { cause: error });
      onTrouble('it cannot be reached, or does not speak HTTP');
      throw new EgressError('connect_error', 'no connection to the proxy', { cause: error });
    } finally {
      // The socket now belongs to the tunnel.
      void client.destroy().catch(() => undefined);
    }
  };

  const openSocket = async (
    target: buildConnector.Options,
    timings: ConnectTimings,
    givenUp: AbortSignal,
    mayResume = true,
  ): Promise<Socket> => {
    if (isBlockedLiteral(target.hostname, isAllowed)) throw blockedAddress();
    const lap = stopwatch();
    const tunnel = await openTunnel(target, givenUp);
    timings.connectMs = lap();
    if (target.protocol !== 'https:') return tunnel;
    return new Promise((resolve, reject) => {
      const opening = opener.open({ ...target, httpSocket: tunnel }, mayResume, (error, socket) => {
        if (error && failedByResuming(opening, error)) {
          openSocket(target, timings, givenUp, false).then(resolve, reject);
        } else if (error) {
          reject(connectFailure(error, opening.socket));
        } else {
          timings.tlsMs = lap();
          resolve(socket);
        }
      });
      givenUp.addEventListener('abort', () => opening.socket.destroy(abandoned()));
    });
  };

  const connect = callbackify((...order: [buildConnector.Options, ConnectTimings, AbortSignal]) =>
    openSocket(...order),
  );
  return (target, timings, callback) => {
    const givingUp = new AbortController();
    connect(target, timings, givingUp.signal, (error, socket) => {
      if (error) callback(error, null);
      else callback(null, socket);
    });
    return { abandon: () => givingUp.abort() };
  };
}

/** Always host and port (RFC 9110 §7.1, §9.3.6). */
function authorityOf({ hostname, port, protocol }: buildConnector.Options): string {
  const host = isIPv6(hostname) ? `[${hostname}]` : hostname;
  return `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** undici opens one socket after another for a request that it cannot write. */
function once(connect: buildConnector.connector): buildConnector.connector {
  let isOpened = false;
  return (target, callback) => {
    if (isOpened) {
      callback(new Error('the connection ended before the tunnel was asked for'), null);
      return;
    }
    isOpened = true;
    connect(target, callback);
  };
}

function refusal(status: number, onTrouble: (trouble: string) => void): EgressError {
  if (REFUSALS.has(status)) {
    if (status === 407) onTrouble('it answers 407: it refuses the target, or the credentials in EGRESS_PROXY_URL');
    return blockedAddress();
  }
  const kind: EgressErrorKind = status === 504 ? 'connect_timeout' : 'connect_error';
  return new EgressError(kind, `the proxy answered ${status}`);
}

function proxyAuthorization({ username, password }: URL): string | null {
  if (username === '') return null;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

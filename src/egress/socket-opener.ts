import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { type buildConnector, errors } from 'undici';
import { EgressError } from './attempt-error.js';
import { asksForCertificate, noteCertificateRequest, VERIFIED_TLS, VERIFIED_TLS_CONTEXT } from './connector.js';
import { type TlsSession, TlsSessions, usableUntil, withoutCertificate } from './tls-sessions.js';

/** As undici's own connector has it. */
const KEEP_ALIVE_PROBE_MS = 60_000;
const TCP_BUFFER_BYTES = 65_536;
const TLS_BUFFER_BYTES = 16_384;

export interface SocketOpenerOptions {
  timeoutMs: number;
  /** PEM, in place of the public ones. */
  trustedCertificates?: string;
  /** For sockets that are not given. */
  tcp?: {
    lookup?: LookupFunction;
    autoSelectFamily?: boolean;
    autoSelectFamilyAttemptTimeout?: number;
  };
}

export interface Opening {
  readonly socket: Socket;
  readonly offeredSession: TlsSession | null;
  isTcpOpen: boolean;
}

const refusers = new WeakMap<Socket, () => void>();

/** The receiver ended a resumed connection without an answer. */
export function avoidResuming(socket: Socket): void {
  refusers.get(socket)?.();
}

/**
 * Opens sockets as undici's connector does, with one secure context for all and with sessions of earlier connections.
 * To make a context took 14 % of the time for a connection, and to read the receiver's certificates as much.
 */
export class SocketOpener {
  private readonly sessions = new TlsSessions();
  private secureContext: SecureContext | null = null;

  constructor(private readonly options: SocketOpenerOptions) {}

  /** @param mayResume false: no session is offered. */
  open(target: buildConnector.Options, mayResume: boolean, callback: buildConnector.Callback): Opening {
    const isTls = target.protocol === 'https:';
    const session = isTls && mayResume ? this.sessions.take(hostOf(target), performance.now()) : null;
    const socket = isTls ? this.connectTls(target, session) : this.connectTcp(target);
    const opening: Opening = { socket, offeredSession: session, isTcpOpen: target.httpSocket !== undefined };
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS).setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(new errors.ConnectTimeoutError()), this.options.timeoutMs);
    let isSettled = false;
    const settle = (error: Error | null): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      if (error) callback(error, null);
      else callback(null, socket);
    };
    socket.once('connect', () => (opening.isTcpOpen = true));
    socket.once(isTls ? 'secureConnect' : 'connect', () => settle(null));
    socket.on('error', (error: Error) => {
      const isGivenUp = error instanceof EgressError;
      if (!isSettled && session && opening.isTcpOpen && !isGivenUp) this.avoid(target);
      settle(error);
    });
    return opening;
  }

  private connectTcp({ hostname, port }: buildConnector.Options): Socket {
    const options = { ...this.options.tcp, highWaterMark: TCP_BUFFER_BYTES, host: hostname, port: Number(port || 80) };
    return connectTcp(options);
  }

  private connectTls(target: buildConnector.Options, offered: TlsSession | null): TLSSocket {
    const { hostname, port, httpSocket } = target;
    const host = hostOf(target);
    let usableUntilMs = offered?.usableUntil ?? 0;
    this.secureContext ??= createSecureContext({ ...VERIFIED_TLS_CONTEXT, ca: this.options.trustedCertificates });
    const options = {
      ...this.options.tcp,
      ...VERIFIED_TLS,
      highWaterMark: TLS_BUFFER_BYTES,
      secureContext: this.secureContext,
      host: hostname,
      port: Number(port || 443),
      socket: httpSocket,
      // RFC 6066 §3: never an address.
      servername: isIP(hostname) ? '' : hostname,
      session: offered?.data,
      // Node does not call it in a resumed handshake.
      checkServerIdentity: (name: string, certificate: PeerCertificate) => {
        usableUntilMs = usableUntil(certificate, Date.now(), performance.now());
        return checkServerIdentity(name, certificate);
      },
    };
    const socket = connectTls(options);
    noteCertificateRequest(socket);
    // For the check of the name Node asks for the certificate with all above it, and uses the certificate alone. Those
    // above take 300 µs; OpenSSL has verified them.
    const getPeerCertificate = socket.getPeerCertificate.bind(socket);
    socket.getPeerCertificate = () => getPeerCertificate(false) as DetailedPeerCertificate;
    socket.once('secureConnect', () => {
      if (!offered) return;
      if (socket.isSessionReused()) refusers.set(socket, () => this.avoid(target));
      else this.sessions.forget(host, performance.now());
    });
    // Node emits it only after the certificate was verified.
    socket.on('session', (data) => {
      // A resumed handshake asks for no certificate, and a receiver that misses one could not be named.
      if (asksForCertificate(socket)) return;
      const kept = socket.getProtocol() === 'TLSv1.3' ? withoutCertificate(data) : data;
      this.sessions.keep(host, { data: kept, usableUntil: usableUntilMs }, performance.now());
    });
    return socket;
  }

  private avoid(target: buildConnector.Options): void {
    this.sessions.avoid(hostOf(target), performance.now());
  }
}

/** The handshake failed with a session; without one it may succeed. */
export function failedByResuming({ offeredSession, isTcpOpen }: Opening, error: Error): boolean {
  if (!offeredSession || !isTcpOpen) return false;
  return !(error instanceof EgressError || error instanceof errors.ConnectTimeoutError);
}

/** The name or address that the certificate is checked for, and the port. */
function hostOf({ hostname, protocol, port }: buildConnector.Options): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

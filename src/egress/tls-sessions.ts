import { LRUCache } from 'lru-cache';

/** By then a receiver shows its certificate again, with those above it. */
const SESSION_MAX_AGE_MS = 3_600_000;
/** After a failure with a session: the receiver, or what is in front of it, may not resume properly. */
const AVOIDED_MS = 600_000;
const HOSTS_MAX = 10_000;
const BYTES_MAX = 33_554_432;
/** Usual are 0.5 to 1 kB, in TLS 1.2 with the receiver's certificate 1 to 3. */
const SESSION_MAX_BYTES = 16_384;
/** Servers with OpenSSL give two in a full handshake; many, Node's among them, give none in a resumed one. */
const SESSIONS_PER_HOST = 2;
/** The objects around a session. */
const OVERHEAD_BYTES = 300;

export interface TlsSession {
  data: Buffer;
  /** By `performance.now()`; it belongs to the handshake in which the certificate was checked, not to later ones. */
  usableUntil: number;
}

interface Kept {
  /** The newest last. */
  sessions: readonly TlsSession[];
  avoidedUntil: number;
}

const NOTHING_KEPT: Kept = { sessions: [], avoidedUntil: -Infinity };

/**
 * Sessions of TLS, by host and port. Node checks no name in a resumed handshake, so a session is only offered where its
 * certificate was checked for. In memory alone: a session is a secret.
 */
export class TlsSessions {
  private readonly hosts: LRUCache<string, Kept>;

  constructor({ hostsMax = HOSTS_MAX, bytesMax = BYTES_MAX }: { hostsMax?: number; bytesMax?: number } = {}) {
    this.hosts = new LRUCache({ max: hostsMax, maxSize: bytesMax, sizeCalculation: sizeOf });
  }

  get bytes(): number {
    return this.hosts.calculatedSize;
  }

  get hostCount(): number {
    return this.hosts.size;
  }

  /**
   * The last one stays, to be used again: RFC 8446 §C.4 advises against it only because whoever listens could tell that
   * two connections are from one client, and Tidings does not hide that.
   */
  take(host: string, now: number): TlsSession | null {
    const kept = this.hosts.get(host);
    if (!kept) return null;
    const [oldest, ...newer] = kept.sessions.filter(({ usableUntil: until }) => until > now);
    if (newer.length > 0) this.hosts.set(host, { ...kept, sessions: newer });
    return oldest ?? null;
  }

  keep(host: string, session: TlsSession, now: number): void {
    const { sessions, avoidedUntil } = this.hosts.get(host) ?? NOTHING_KEPT;
    if (session.usableUntil <= now || session.data.length > SESSION_MAX_BYTES || avoidedUntil > now) return;
    this.hosts.set(host, { sessions: [...sessions, session].slice(-SESSIONS_PER_HOST), avoidedUntil });
  }

  /** The receiver refused one, so it does not take the others either. */
  forget(host: string, now: number): void {
    // Another connection may have failed since: then none is kept, and that has to stay known.
    const isAvoided = (this.hosts.get(host) ?? NOTHING_KEPT).avoidedUntil > now;
    if (!isAvoided) this.hosts.delete(host);
  }

  /** A connection failed with one. */
  avoid(host: string, now: number): void {
    this.hosts.set(host, { sessions: [], avoidedUntil: now + AVOIDED_MS });
  }
}

/**
 * How long sessions of this handshake may be used, by `performance.now()`: no longer than the certificate is valid,
 * because it is not looked at again.
 *
 * @param wallClock milliseconds since 1970.
 */
export function usableUntil({ valid_to }: { valid_to: string }, wallClock: number, now: number): number {
  const validMs = Date.parse(valid_to) - wallClock;
  // An unreadable date is no reason to trust a certificate for longer.
  return Number.isNaN(validMs) ? now : now + Math.min(SESSION_MAX_AGE_MS, validMs);
}

function sizeOf({ sessions }: Kept, host: string): number {
  return sessions.reduce((size, { data }) => size + data.length + OVERHEAD_BYTES, host.length + OVERHEAD_BYTES);
}

/** In the DER of a session (OpenSSL, ssl/ssl_asn1.c): the receiver's certificate. */
const PEER_TAG = 0xa3;
const SEQUENCE_TAG = 0x30;

/**
 * A session without the receiver's certificate in it, which OpenSSL would read again each time: 0.3 ms. Of TLS 1.3 only:
 * in TLS 1.2 Node takes such a session for one without a verified certificate.
 */
export function withoutCertificate(session: Buffer): Buffer {
  const whole = elementAt(session, 0);
  if (!whole || whole.tag !== SEQUENCE_TAG || whole.end !== session.length) return session;
  const parts: Buffer[] = [];
  for (let at = whole.start; at < whole.end;) {
    const element = elementAt(session, at);
    if (!element) return session;
    if (element.tag !== PEER_TAG) parts.push(session.subarray(at, element.end));
    at = element.end;
  }
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([SEQUENCE_TAG, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

function elementAt(der: Buffer, at: number): { tag: number; start: number; end: number } | null {
  const [tag, first] = [der[at], der[at + 1]];
  if (tag === undefined || first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + lengthBytes;
  if (lengthBytes > 3 || start > der.length) return null;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  return start + length > der.length ? null : { tag, start, end: start + length };
}

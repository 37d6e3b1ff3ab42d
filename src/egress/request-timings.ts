/** What opening a connection took, in whole milliseconds; null: the phase did not happen, or did not come to its end. */
export interface ConnectTimings {
  /** The look-up of the host name. */
  dnsMs: number | null;
  /** The TCP connection, or the tunnel through the proxy. */
  connectMs: number | null;
  /** The TLS handshake with the receiver. */
  tlsMs: number | null;
}

/** Where the time of one request went; filled in while it is made. On a connection that was there, opening it is null. */
export class RequestTimings implements ConnectTimings {
  dnsMs: number | null = null;
  connectMs: number | null = null;
  tlsMs: number | null = null;
  /** From the first byte sent to the first one received, in whole milliseconds; null: there was none. */
  firstByteMs: number | null = null;
  /** `performance.now()` when the first byte was about to be written; null: none was. */
  sentAt: number | null = null;
}

/** Measures phases that follow each other. */
export function stopwatch(): () => number {
  let startedAt = performance.now();
  return () => {
    const now = performance.now();
    const elapsedMs = Math.round(now - startedAt);
    startedAt = now;
    return elapsedMs;
  };
}

/** In whole milliseconds; null: the phase did not happen, or did not end. */
export interface ConnectTimings {
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
}

/** Filled in while the request runs. On an open connection, the times to open it are null. */
export class RequestTimings implements ConnectTimings {
  dnsMs: number | null = null;
  connectMs: number | null = null;
  tlsMs: number | null = null;
  /** From the first byte sent to the first one received, in whole milliseconds; null: no byte came. */
  firstByteMs: number | null = null;
  /**
   * Until an open connection turned out to be closed, in whole milliseconds; the request was sent again on a new one.
   * Null: it did not happen.
   */
  staleConnectionMs: number | null = null;
  /** `performance.now()` just before the first byte was written; null: none was. */
  sentAt: number | null = null;
}

export function stopwatch(): () => number {
  let startedAt = performance.now();
  return () => {
    const now = performance.now();
    const elapsedMs = Math.round(now - startedAt);
    startedAt = now;
    return elapsedMs;
  };
}

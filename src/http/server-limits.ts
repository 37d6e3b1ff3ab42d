/** docs/security.md states them with their answers. */
export interface ServerLimits {
  /**
   * Until the first byte of a connection's first request, and from a request's first byte to the end of its headers.
   */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** How often these two limits are checked: a late request ends at most this much later. */
  checkIntervalMs: number;
  keepAliveTimeoutMs: number;
  /** Without a byte in either direction. */
  silenceTimeoutMs: number;
  maxConnections: number;
  /** For one IPv4 address or IPv6 /64. The proxies of TRUST_PROXY have no limit of their own. */
  maxConnectionsPerNetwork: number;
  maxWaitingRequests: number;
  maxHeaders: number;
  maxQueryParameters: number;
  /** Of bodies that are read or worked on; more if MAX_BODY_BYTES needs it. */
  maxBytesOfBodies: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  // 8 MiB at 1 Mbit/s take 67 s.
  requestTimeoutMs: 120_000,
  // Node's default of 30 s turned 20 s into 50. To check 4,096 connections takes 0.24 ms.
  checkIntervalMs: 1_000,
  // Longer than a load balancer keeps an idle connection (commonly 60 s), so that it never writes to a closed one.
  keepAliveTimeoutMs: 72_000,
  // Far longer than the longest answer, so that only dead connections are closed.
  silenceTimeoutMs: 300_000,
  // Each needs a descriptor and can hold 16 KiB of headers in 33 KiB of memory: 135 MiB in total.
  maxConnections: 4_096,
  maxConnectionsPerNetwork: 1_024,
  // Each may hold 16 KiB of headers, and as much of a body, before its sender is known.
  maxWaitingRequests: 10,
  // Node's own limit: it silently drops the rest.
  maxHeaders: 2_000,
  // The route with the most parameters has fourteen.
  maxQueryParameters: 100,
  // Sixteen of the largest bodies that the default allows.
  maxBytesOfBodies: 128 * 1_048_576,
};

/** What each of several workers allows, so that all allow together what one process would. */
export function shareOfLimits(limits: ServerLimits, workers: number): ServerLimits {
  const part = (total: number): number => Math.floor(total / workers);
  return {
    ...limits,
    maxConnections: part(limits.maxConnections),
    maxConnectionsPerNetwork: part(limits.maxConnectionsPerNetwork),
    maxBytesOfBodies: part(limits.maxBytesOfBodies),
  };
}

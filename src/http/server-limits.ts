/** Limits of the server: how long it waits, and how much it holds. docs/security.md states them with their answers. */
export interface ServerLimits {
  /**
   * Time until the first byte of a connection's first request, and from the first byte of a request to the end of its
   * headers.
   */
  headersTimeoutMs: number;
  /** Time for the whole request. */
  requestTimeoutMs: number;
  /** How often these two limits are checked. A late request ends at most this much later. */
  checkIntervalMs: number;
  /** How long a connection may wait for its client's next request. */
  keepAliveTimeoutMs: number;
  /** Time without a byte in either direction. */
  silenceTimeoutMs: number;
  maxConnections: number;
  /**
   * For one IPv4 address or IPv6 /64. The proxies of TRUST_PROXY, which everybody comes through, have no limit of their
   * own.
   */
  maxConnectionsPerNetwork: number;
  /** Pipelined requests that wait on a connection for the one before them. */
  maxWaitingRequests: number;
  maxHeaders: number;
  maxQueryParameters: number;
  /** Bytes of bodies that are read or worked on, in total; more if MAX_BODY_BYTES needs it. */
  maxBytesOfBodies: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  // 8 MiB at 1 Mbit/s take 67 s.
  requestTimeoutMs: 120_000,
  // Node's default is every 30 s, which turned 20 s into 50. To check 4,096 connections takes 0.24 ms.
  checkIntervalMs: 1_000,
  // Longer than a load balancer keeps an idle connection (commonly 60 s), so that it never writes to a closed one.
  keepAliveTimeoutMs: 72_000,
  // Far longer than the longest answer, so that only dead connections are closed.
  silenceTimeoutMs: 300_000,
  // Each connection needs a descriptor and can hold 16 KiB of headers, which take 33 KiB of memory: 135 MiB in total.
  // Deliveries and the database need their own besides.
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

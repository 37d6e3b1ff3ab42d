/** What a server does not wait for longer than, and does not have more of. docs/security.md states them with their answers. */
export interface ServerLimits {
  /** Time until the first byte of a connection's first request, and from the first byte of a request to its headers' end. */
  headersTimeoutMs: number;
  /** Time for the whole request. */
  requestTimeoutMs: number;
  /** How often requests are looked at for these two: one that is late is ended so much later at most. */
  checkIntervalMs: number;
  /** Time that a connection may wait for its client's next request. */
  keepAliveTimeoutMs: number;
  /** Time without a byte in either direction. */
  silenceTimeoutMs: number;
  maxConnections: number;
  /** Of one IPv4 address or IPv6 /64; the proxies of TRUST_PROXY, through which everybody comes, have no bound of their own. */
  maxConnectionsPerNetwork: number;
  /** Requests that wait on a connection for the one before them, which a client sends without waiting for answers. */
  maxWaitingRequests: number;
  maxHeaders: number;
  maxQueryParameters: number;
  /** Bytes of bodies that are read or worked on, in all; more where MAX_BODY_BYTES asks for it. */
  maxBytesOfBodies: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  // 8 MiB at 1 Mbit/s take 67 s.
  requestTimeoutMs: 120_000,
  // Node looks every 30 s by itself, which made 50 s of 20. A look at 4,096 connections takes 0.24 ms.
  checkIntervalMs: 1_000,
  // Longer than a load balancer keeps an idle connection, commonly 60 s, so that it never writes to a closed one.
  keepAliveTimeoutMs: 72_000,
  // Far beyond the longest answer, so that only the dead are cut off.
  silenceTimeoutMs: 300_000,
  // Each can hold 16 KiB of headers, which takes 33 KiB of memory: 135 MiB in all, and a descriptor. Deliveries and the
  // database have theirs beside them.
  maxConnections: 4_096,
  maxConnectionsPerNetwork: 1_024,
  // Each may hold 16 KiB of headers, and as much of a body, before anybody knows who sent it.
  maxWaitingRequests: 10,
  // As many as Node keeps by itself: it drops the rest without a word.
  maxHeaders: 2_000,
  // The route with the most knows fourteen.
  maxQueryParameters: 100,
  // Sixteen of the largest bodies that are allowed by default.
  maxBytesOfBodies: 128 * 1_048_576,
};

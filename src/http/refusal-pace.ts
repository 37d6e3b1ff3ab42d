import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { JsonBodies } from './json-body.js';

const WINDOW_MS = 10_000;
/** Refusals that a sender always has at once, however small RATE_LIMIT_PER_10S is: else each would wait for seconds. */
export const LEAST_REFUSALS = 50;
/** Many clients give up after that. */
export const MAX_WAIT_MS = 5_000;
/** To read this many bytes costs as much as one more refusal: 0.1 ms. */
const BYTES_PER_REFUSAL = 16 * 1024;
const MAX_SENDERS = 10_000;

export interface RefusalPaceOptions {
  /** In ten seconds; {@link LEAST_REFUSALS} if this is less. */
  limit: number;
  senderOf: (request: FastifyRequest) => string;
  bodies: JsonBodies;
}

/**
 * Delays the answers for a sender who is refused (4xx) again and again: such a client keeps the process busy, and
 * others pay for it. The sender's other requests are not delayed.
 */
export function slowRefusals(server: FastifyInstance, { limit, senderOf, bodies }: RefusalPaceOptions): void {
  const pace = new RefusalPace(Math.max(limit, LEAST_REFUSALS));
  server.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode < 400 || reply.statusCode >= 500) return done(null, payload);
    const waitMs = pace.add(senderOf(request), 1 + bodies.bytesOf(request) / BYTES_PER_REFUSAL);
    if (waitMs === 0) return done(null, payload);
    bodies.drop(request);
    setTimeout(() => done(null, payload), waitMs);
  });
}

/** A sender's refusals leave at a rate of `limit` in ten seconds; the first `limit` leave at once. */
export class RefusalPace {
  private readonly msPerRefusal: number;
  /**
   * When all counted refusals of a sender will have left. A full cache drops the sender refused longest ago, who most
   * likely waits for nothing any more.
   */
  private readonly busyUntil = new LRUCache<string, number>({ max: MAX_SENDERS });

  /** @param random 0 to below 1. */
  constructor(
    limit: number,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {
    this.msPerRefusal = WINDOW_MS / limit;
  }

  /** Counts an answer that costs as much as this many refusals. Returns its wait in milliseconds: 5,000 at most. */
  add(sender: string, refusals: number): number {
    const now = this.nowMs();
    const since = Math.max(now, this.busyUntil.get(sender) ?? 0);
    const until = Math.min(since + refusals * this.msPerRefusal, now + WINDOW_MS + MAX_WAIT_MS);
    this.busyUntil.set(sender, until);
    const waitMs = Math.max(0, until - now - WINDOW_MS);
    // Answers with the longest wait most likely came together. Without a spread they would leave, and their senders
    // come back, together.
    const isLongest = waitMs > MAX_WAIT_MS - 1;
    return isLongest ? MAX_WAIT_MS * (1 - this.random() / 2) : waitMs;
  }
}

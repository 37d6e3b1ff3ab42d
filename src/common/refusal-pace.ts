import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JsonBodies } from './json-body.js';

const WINDOW_MS = 10_000;
/** Refusals that a sender has at once in any case: where RATE_LIMIT_PER_10S is small, each beyond it would wait for seconds. */
export const LEAST_REFUSALS = 50;
/** How long an answer waits at most: many clients give up after that. */
export const MAX_WAIT_MS = 5_000;
/** Reading so many bytes of a body costs as much as another refusal: 0.1 ms. */
const BYTES_PER_REFUSAL = 16 * 1024;
const MAX_SENDERS = 10_000;

export interface RefusalPaceOptions {
  /** Refusals that a sender has at once within ten seconds; {@link LEAST_REFUSALS} where it is less. */
  limit: number;
  /** By what name whoever sends a request is known. */
  senderOf: (request: FastifyRequest) => string;
  bodies: JsonBodies;
}

/**
 * Lets whoever is refused (4xx) again and again wait for the answers: who repeats a refused request without a pause keeps
 * the process busy, which the others pay for. A sender's other requests go on as they do.
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

/** A sender's refusals leave at `limit` in ten seconds; the first `limit` leave at once. */
export class RefusalPace {
  private readonly msPerRefusal: number;
  /** When the refusals of a sender that have been counted will have left at that pace; the last counted last. */
  private readonly busyUntil = new Map<string, number>();

  /**
   * @param nowMs a clock that does not go back.
   * @param random 0 to below 1.
   */
  constructor(
    limit: number,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {
    this.msPerRefusal = WINDOW_MS / limit;
  }

  /**
   * Counts an answer that costs as much as so many refusals.
   *
   * @returns how long it has to wait, in milliseconds: 5,000 at most.
   */
  add(sender: string, refusals: number): number {
    const now = this.nowMs();
    const since = Math.max(now, this.busyUntil.get(sender) ?? 0);
    const until = Math.min(since + refusals * this.msPerRefusal, now + WINDOW_MS + MAX_WAIT_MS);
    this.busyUntil.delete(sender);
    this.busyUntil.set(sender, until);
    // Most likely one who has nothing to wait for any more.
    const [oldest] = this.busyUntil.keys();
    if (this.busyUntil.size > MAX_SENDERS) this.busyUntil.delete(oldest!);
    const waitMs = Math.max(0, until - now - WINDOW_MS);
    // Those that wait the longest most likely came together. They would leave together, and their senders come back together.
    const isLongest = waitMs > MAX_WAIT_MS - 1;
    return isLongest ? MAX_WAIT_MS * (1 - this.random() / 2) : waitMs;
  }
}

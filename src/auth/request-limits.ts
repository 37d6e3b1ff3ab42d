import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../common/errors.js';
import { Config } from '../config/config.js';
import type { Principal } from './principal.js';
import { networkOf } from '../config/network-of.js';

const WINDOW_S = 10;

/** In a window, from one network. Many senders may share an address; this many are not mistaken but guessing. */
export const FAILED_AUTHENTICATIONS_MAX = 500;

/**
 * Counts what senders do within ten seconds, on this replica alone. A count is kept for its window, so there are at most
 * as many as requests arrive in one.
 */
@Injectable()
export class RequestLimits {
  private readonly byToken: RateLimiterMemory;
  private readonly failures = new RateLimiterMemory({ points: FAILED_AUTHENTICATIONS_MAX, duration: WINDOW_S });

  constructor(private readonly config: Config) {
    this.byToken = new RateLimiterMemory({ points: config.rateLimitPer10s, duration: WINDOW_S });
  }

  /** @throws ApiError RATE_LIMITED when the token's requests are more than RATE_LIMIT_PER_10S. */
  async countRequest(principal: Principal): Promise<void> {
    const key = principal.kind === 'admin' ? 'admin' : principal.id;
    await this.count(this.byToken, key, `A token may make ${this.config.rateLimitPer10s} requests in ${WINDOW_S} s`);
  }

  /** @throws ApiError RATE_LIMITED when too many requests from there carried no valid token. */
  async countFailure(address: string): Promise<void> {
    await this.count(
      this.failures,
      networkOf(address),
      'Too many requests without a valid token came from this address',
    );
  }

  /** Whether requests from there carried too many tokens that are none: theirs are not looked up for a while. */
  async isSuspect(address: string): Promise<boolean> {
    const known = await this.failures.get(networkOf(address));
    return known !== null && known.consumedPoints >= FAILED_AUTHENTICATIONS_MAX && known.msBeforeNext > 0;
  }

  private async count(limiter: RateLimiterMemory, key: string, message: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1_000));
      throw new ApiError('RATE_LIMITED', message, { headers: { 'Retry-After': String(seconds) } });
    }
  }
}

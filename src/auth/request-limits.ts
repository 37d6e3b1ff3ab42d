import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { ApiError } from '../common/errors.js';
import { networkOf } from '../common/network-of.js';
import { Repeater } from '../common/repeater.js';
import { within } from '../common/within.js';
import { Config } from '../config/config.js';
import { DatabaseClock } from '../database/database-clock.js';
import { LiveReplicas } from './live-replicas.js';
import type { Principal } from './principal.js';
import { demandRequests, trimRequestDemand } from './request-demand.repository.js';
import { SharedLimit } from './shared-limit.js';

const WINDOW_S = 10;

/** In a window, from one network. Many senders may share an address; this many are not mistaken but guessing. */
export const FAILED_AUTHENTICATIONS_MAX = 500;

/** How long requests wait for the other replicas' part. A database that takes longer is not asked in this window again. */
const DEMAND_PATIENCE_MS = 500;

const TRIM_ROUND_MS = 60_000;
/** Windows whose rows stay: more than replicas' clocks, or a statement that was long under way, can be behind. */
const WINDOWS_KEPT = 6;

/**
 * Counts what senders do within ten seconds. A token's requests are counted for all replicas together, in the windows of
 * the database's clock; a process that is alone counts them by itself. A count is kept for its window, so there are at
 * most as many as requests arrive in one.
 *
 * Requests without a valid token are each replica's own matter: those who have none are not to cause statements.
 */
@Injectable()
export class RequestLimits implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RequestLimits.name);
  private readonly byToken: RateLimiterMemory;
  private readonly shared: SharedLimit;
  private readonly failures = new RateLimiterMemory({ points: FAILED_AUTHENTICATIONS_MAX, duration: WINDOW_S });
  private readonly trimming = new Repeater(TRIM_ROUND_MS, (error) => {
    this.logger.warn({ msg: 'could not forget what tokens asked for; trying again in a minute', err: error });
  });
  /** Rows were written since the last trim. */
  private isToTrim = false;
  private failedWindow = -1;

  constructor(
    private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly replicas: LiveReplicas,
    private readonly clock: DatabaseClock,
  ) {
    this.byToken = new RateLimiterMemory({ points: config.rateLimitPer10s, duration: WINDOW_S });
    this.shared = new SharedLimit({
      limit: config.rateLimitPer10s,
      demand: (subject, window, requests) => this.demand(subject, window, requests),
      onFailure: (error) => this.tellFailure(error),
    });
  }

  onApplicationBootstrap(): void {
    this.trimming.startLater(() => this.trim());
  }

  /** Waits for the statements under way: the pool closes after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.trimming.stop(), this.shared.idle()]);
  }

  /** @throws ApiError RATE_LIMITED when the token's requests are more than RATE_LIMIT_PER_10S. */
  async countRequest(principal: Principal): Promise<void> {
    const subject = principal.kind === 'admin' ? 'admin' : principal.id;
    const message = `A token may make ${this.config.rateLimitPer10s} requests in ${WINDOW_S} s`;
    const { count } = this.replicas;
    if (count === 1) return this.count(this.byToken, subject, message);
    const windowsPassed = this.clock.nowMs() / (WINDOW_S * 1_000);
    const window = Math.floor(windowsPassed);
    if (await this.shared.take(subject, window, count)) return;
    throw rateLimited(message, (window + 1 - windowsPassed) * WINDOW_S);
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
      throw rateLimited(message, error.msBeforeNext / 1_000);
    }
  }

  private demand(subject: string, window: number, requests: number): Promise<number> {
    this.isToTrim = true;
    const asked = demandRequests(this.dataSource, subject, window, requests);
    return within(DEMAND_PATIENCE_MS, asked, () => new Error(`No answer within ${DEMAND_PATIENCE_MS} ms`));
  }

  /** Once for a window: each token that makes requests in it meets the same. */
  private tellFailure(error: unknown): void {
    const window = Math.floor(this.clock.nowMs() / (WINDOW_S * 1_000));
    if (window === this.failedWindow) return;
    this.failedWindow = window;
    this.logger.warn({ msg: 'replicas cannot share the limits of tokens; each counts by itself', err: error });
  }

  private async trim(): Promise<void> {
    if (!this.isToTrim) return;
    this.isToTrim = false;
    const window = Math.floor(this.clock.nowMs() / (WINDOW_S * 1_000));
    while (await trimRequestDemand(this.dataSource, window - WINDOWS_KEPT));
  }
}

function rateLimited(message: string, seconds: number): ApiError {
  const retryAfter = String(Math.max(1, Math.ceil(seconds)));
  return new ApiError('RATE_LIMITED', message, { headers: { 'Retry-After': retryAfter } });
}

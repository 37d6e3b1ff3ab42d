import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { ApiError } from '../http/errors.js';
import { networkOf } from '../http/network-of.js';
import { BackgroundTask } from '../common/background-task.js';
import { within } from '../common/within.js';
import { Config } from '../config/config.js';
import { partOf } from '../config/worker-share.js';
import { DatabaseClock } from '../database/database-clock.js';
import { LiveReplicas } from './live-replicas.js';
import type { Principal } from './principal.js';
import { demandRequests, trimRequestDemand } from './request-demand.repository.js';
import { SharedLimit } from './shared-limit.js';

const WINDOW_S = 10;

/** For one window and network. Many senders may share an address, but so many failures are guesses. */
export const FAILED_AUTHENTICATIONS_MAX = 500;

/** How long requests wait for the other replicas' count. A slower database is not asked again in this window. */
const DEMAND_PATIENCE_MS = 500;

const TRIM_ROUND_MS = 60_000;
/** More windows than a replica's clock or a slow statement can be behind. */
const WINDOWS_KEPT = 6;

/**
 * Counts what senders do within ten seconds. Replicas count a token's requests together, in windows of the database's
 * clock. Each replica counts requests without a valid token alone: they must not cause statements.
 */
@Injectable()
export class RequestLimits implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RequestLimits.name);
  private readonly byToken: RateLimiterMemory;
  private readonly shared: SharedLimit;
  private readonly failures: RateLimiterMemory;
  private readonly failuresMax: number;
  private readonly trimming = new BackgroundTask({
    context: RequestLimits.name,
    purpose: 'forget what tokens asked for',
    everyMs: TRIM_ROUND_MS,
    round: () => this.trim(),
  });
  private isToTrim = false;
  private failedWindow = -1;

  constructor(
    private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly replicas: LiveReplicas,
    private readonly clock: DatabaseClock,
  ) {
    this.failuresMax = partOf(FAILED_AUTHENTICATIONS_MAX, config);
    this.failures = new RateLimiterMemory({ points: this.failuresMax, duration: WINDOW_S });
    this.byToken = new RateLimiterMemory({ points: config.rateLimitPer10s, duration: WINDOW_S });
    this.shared = new SharedLimit({
      limit: config.rateLimitPer10s,
      demand: (subject, window, requests) => this.demand(subject, window, requests),
      onFailure: (error) => this.tellFailure(error),
    });
  }

  onApplicationBootstrap(): void {
    this.trimming.start();
  }

  /** The pool closes after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.trimming.stop(), this.shared.idle()]);
  }

  /** @throws ApiError RATE_LIMITED */
  async countRequest(principal: Principal): Promise<void> {
    const subject = principal.kind === 'admin' ? 'admin' : principal.id;
    const message = `A token may make ${this.config.rateLimitPer10s} requests in ${WINDOW_S} s`;
    // Workers start together: the first heartbeats do not know of the later ones yet.
    const count = Math.max(this.replicas.count, this.config.workers);
    if (count === 1) return this.count(this.byToken, subject, message);
    const windowsPassed = this.clock.nowMs() / (WINDOW_S * 1_000);
    const window = Math.floor(windowsPassed);
    if (await this.shared.take(subject, window, count)) return;
    throw rateLimited(message, (window + 1 - windowsPassed) * WINDOW_S);
  }

  /** @throws ApiError RATE_LIMITED */
  async countFailure(address: string): Promise<void> {
    await this.count(
      this.failures,
      networkOf(address),
      'Too many requests without a valid token came from this address',
    );
  }

  /** Whether so many requests from this address had invalid tokens that its tokens are not looked up. */
  async isSuspect(address: string): Promise<boolean> {
    const known = await this.failures.get(networkOf(address));
    return known !== null && known.consumedPoints >= this.failuresMax && known.msBeforeNext > 0;
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

  /** Once for each window: all tokens in it meet the same failure. */
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

import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { ApiError } from '../../http/errors.js';
import { Semaphore } from '../../common/semaphore.js';
import { Config } from '../../config/config.js';
import { PIPELINE } from '../../database/data-sources.js';
import { countPending } from '../queue/count-pending.js';
import { countOwed } from '../queue/fan-out-reads.js';
import { countReplicas } from '../queue/replicas.js';

/** A count begins when this share of what could still wait has been made since the last one. */
const RECOUNT_SHARE = 1 / 2;
/** Between two counts of one environment: milliseconds, and a multiple of what the last one took. */
const RECOUNT_AFTER = { ms: 1_000, times: 20 };
const MAX_ENVIRONMENTS = 10_000;

interface Account {
  /** How many more deliveries may wait, as of the last count, and this replica's share of that. */
  left: number;
  granted: number;
  /** Deliveries made here since that count began, and those of them that were not sent at once. */
  made: number;
  waiting: number;
  /** `performance.now()` from which it may be counted again. */
  countableAt: number;
  isBeingCounted: boolean;
}

/**
 * Keeps what an environment is owed within about PENDING_DELIVERIES_PER_ENVIRONMENT. A count takes time in proportion
 * to what waits, so it is made only when the last one may be far off, and no request waits for it. Replicas share what
 * is left.
 */
@Injectable()
export class PendingLimit {
  private readonly logger = new Logger(PendingLimit.name);
  private readonly accounts = new LRUCache<string, Account>({ max: MAX_ENVIRONMENTS });
  /** One counting statement at a time: the other connections are for what moves events. */
  private readonly turns = new Semaphore(1);
  private readonly limit: number;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    config: Config,
  ) {
    this.limit = config.pendingDeliveriesPerEnvironment;
  }

  /** @throws ApiError PENDING_LIMIT_REACHED */
  check(environmentId: string): void {
    const account = this.countedAccountOf(environmentId);
    if (account.waiting >= account.granted) throw this.limitReached(account);
  }

  /**
   * For a request that owes very many deliveries. It is held to all that is left: a replica's share may never be so
   * large.
   *
   * @throws ApiError PENDING_LIMIT_REACHED
   */
  checkFits(environmentId: string, deliveries: number): void {
    const account = this.countedAccountOf(environmentId);
    if (account.waiting + deliveries > account.left) throw this.limitReached(account);
  }

  private countedAccountOf(environmentId: string): Account {
    const account = this.accountOf(environmentId);
    const now = performance.now();
    const isCountOld = account.made >= account.granted * RECOUNT_SHARE;
    if (isCountOld && now >= account.countableAt && !account.isBeingCounted) this.startCount(environmentId, account);
    return account;
  }

  private limitReached({ countableAt }: Account): ApiError {
    const waitS = Math.max(1, Math.ceil((countableAt - performance.now()) / 1_000));
    return new ApiError('PENDING_LIMIT_REACHED', `The environment may have about ${this.limit} deliveries pending`, {
      headers: { 'Retry-After': String(waitS) },
    });
  }

  /**
   * Does nothing for an environment that was never checked.
   *
   * @param waiting those that are not sent at once.
   */
  added(environmentId: string, made: number, waiting: number): void {
    const account = this.accounts.get(environmentId);
    if (!account) return;
    account.made += made;
    account.waiting += waiting;
  }

  private accountOf(environmentId: string): Account {
    const known = this.accounts.get(environmentId);
    if (known) return known;
    // Nothing waits, as far as this process knows, and a count begins at once: a start refuses nobody.
    const account = {
      left: this.limit,
      granted: this.limit,
      made: this.limit,
      waiting: 0,
      countableAt: 0,
      isBeingCounted: false,
    };
    this.accounts.set(environmentId, account);
    return account;
  }

  private startCount(environmentId: string, account: Account): void {
    account.isBeingCounted = true;
    const startedAt = performance.now();
    this.count(environmentId, account)
      // Until the next count, what was left then still holds.
      .catch((error: unknown) => this.logger.warn({ msg: 'pending deliveries could not be counted', err: error }))
      .finally(() => {
        const tookMs = performance.now() - startedAt;
        account.countableAt = performance.now() + Math.max(RECOUNT_AFTER.ms, tookMs * RECOUNT_AFTER.times);
        account.isBeingCounted = false;
      });
  }

  private async count(environmentId: string, account: Account): Promise<void> {
    const { made, waiting } = account;
    const owed = await countOwed(this.dataSource, 'environment', environmentId);
    const pending = await countPending(this.dataSource, 'environment', environmentId, {
      limit: this.limit,
      inTurn: (statement) => this.turns.run(statement),
    });
    const replicas = await countReplicas(this.dataSource);
    account.left = Math.max(0, this.limit - owed - pending.waiting);
    account.granted = Math.ceil(account.left / Math.max(1, replicas));
    // What was added during the count may be in it or not.
    account.made -= made;
    account.waiting -= waiting;
  }
}

/**
 * The size of a part, relative to a replica's even share of the limit. At most one and a half parts stay unused at a
 * replica, so a token that moves between replicas loses 15 % of its limit at most.
 */
const PART = 0.1;

export interface SharedLimitOptions {
  /** Requests in a period. */
  limit: number;
  /** Adds to the demand of all replicas; resolves with the sum. */
  demand: (subject: string, period: number, requests: number) => Promise<number>;
  /** The subject then has the whole limit on this replica until the period ends. */
  onFailure: (error: unknown) => void;
}

interface Account {
  period: number;
  used: number;
  /** Requests that may pass without asking. */
  allowed: number;
  waiting: number;
  /** All of the limit has been requested. */
  isSpent: boolean;
  asking: Promise<void> | null;
}

/**
 * A limit that replicas share without a statement for each request. A replica allows a small part without asking, and
 * asks for more part by part, before it is needed. While the database does not answer, each replica has the whole
 * limit.
 *
 * Together they never allow more than the limit, if they agree on their number. If the limit is too small for parts, each
 * request is asked for alone.
 */
export class SharedLimit {
  private readonly accounts = new Map<string, Account>();
  private readonly underWay = new Set<Promise<void>>();
  private accountsPeriod = -Infinity;

  constructor(private readonly options: SharedLimitOptions) {}

  /**
   * Counts a request.
   *
   * @param period the same number on all replicas, higher in each period.
   * @returns whether it is within the limit.
   */
  async take(subject: string, period: number, replicas: number): Promise<boolean> {
    const part = Math.floor((this.options.limit * PART) / replicas);
    const account = this.accountOf(subject, period, part);
    while (account.used >= account.allowed) {
      if (account.isSpent) return false;
      account.waiting += 1;
      this.ask(subject, account, part, replicas);
      await account.asking;
      account.waiting -= 1;
    }
    account.used += 1;
    const isLow = account.allowed - account.used < part / 2;
    if (isLow && !account.isSpent) this.ask(subject, account, part, replicas);
    return true;
  }

  async idle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private accountOf(subject: string, period: number, allowed: number): Account {
    if (period > this.accountsPeriod) {
      this.accounts.clear();
      this.accountsPeriod = period;
    }
    const known = this.accounts.get(subject);
    if (known) return known;
    const fresh = { period: this.accountsPeriod, used: 0, allowed, waiting: 0, isSpent: false, asking: null };
    this.accounts.set(subject, fresh);
    return fresh;
  }

  /** One question at a time: requests that come meanwhile wait, and are part of the next. */
  private ask(subject: string, account: Account, part: number, replicas: number): void {
    if (account.asking) return;
    const requests = Math.max(part, 1) + Math.max(account.waiting - 1, 0);
    const asking = this.askFor(subject, account, requests, part * replicas).finally(() => {
      account.asking = null;
      this.underWay.delete(asking);
    });
    account.asking = asking;
    this.underWay.add(asking);
  }

  /** @param free the requests that replicas allow without asking. */
  private async askFor(subject: string, account: Account, requests: number, free: number): Promise<void> {
    const { limit, demand, onFailure } = this.options;
    try {
      const before = (await demand(subject, account.period, requests)) - requests;
      const granted = Math.min(requests, Math.max(0, limit - free - before));
      account.allowed += granted;
      account.isSpent = granted < requests;
    } catch (error) {
      account.allowed = limit;
      account.isSpent = true;
      onFailure(error);
    }
  }
}
